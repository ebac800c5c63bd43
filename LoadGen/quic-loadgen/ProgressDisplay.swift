import LoadModel
import Synchronization

/// Shows a run's progress on standard error: a line a second, and on a terminal a bar below them, redrawn in place.
final class ProgressDisplay: Sendable {
    private let scenario: LoadScenario
    private let isTerminal: Bool
    private let lines = Mutex(ProgressPacer(interval: .seconds(1)))
    private let bars = Mutex(ProgressPacer(interval: .milliseconds(100)))

    init(of scenario: LoadScenario) {
        self.scenario = scenario
        isTerminal = StandardStream.error.isTerminal
    }

    /// Shows `progress`, unless the last one was shown too short a time ago.
    func show(_ progress: LoadProgress) {
        let connections = scenario.connectionsLimit
        let line = lines.withLock { $0.isDue(at: progress.elapsed) } ? progress.line(of: connections) + "\n" : ""
        guard isTerminal else { return StandardStream.error.write(line) }
        guard bars.withLock({ $0.isDue(at: progress.elapsed) }) || !line.isEmpty else { return }
        // One column is left free, where some terminals would wrap the line.
        let width = StandardStream.error.width - 1
        let bar = progress.bar(of: connections, lasting: scenario.duration, width: width)
        StandardStream.error.write("\r\(Self.clearToEndOfLine)\(line)\(bar)\(Self.clearToEndOfLine)")
    }

    /// Leaves the terminal as it was.
    func finish() {
        if isTerminal { StandardStream.error.write("\r\(Self.clearToEndOfLine)") }
    }

    private static let clearToEndOfLine = "\u{1B}[K"
}

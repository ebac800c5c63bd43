import LoadModel
import Synchronization

/// Shows a run's progress on standard error: a bar redrawn in place on a terminal, a line a second otherwise.
final class ProgressDisplay: Sendable {
    private let connections: Int
    private let isTerminal: Bool
    private let pacer: Mutex<ProgressPacer>

    init(connections: Int) {
        self.connections = connections
        isTerminal = StandardStream.error.isTerminal
        pacer = Mutex(ProgressPacer(interval: isTerminal ? .milliseconds(100) : .seconds(1)))
    }

    /// Shows `progress`, unless the last one was shown too short a time ago.
    func show(_ progress: LoadProgress) {
        guard pacer.withLock({ $0.isDue(at: progress.elapsed) }) else { return }
        guard isTerminal else { return StandardStream.error.write(progress.line(of: connections) + "\n") }
        // One column is left free, where some terminals would wrap the line.
        let bar = progress.bar(of: connections, width: StandardStream.error.width - 1)
        StandardStream.error.write("\r\(bar)\(Self.clearToEndOfLine)")
    }

    /// Leaves the terminal as it was.
    func finish() {
        if isTerminal { StandardStream.error.write("\r\(Self.clearToEndOfLine)") }
    }

    private static let clearToEndOfLine = "\u{1B}[K"
}

import LoadModel
import Synchronization

/// Shows a run's progress on standard error: a line a second, and on a terminal rows of a table with a bar below them,
/// redrawn in place.
final class ProgressDisplay: Sendable {
    private let scenario: LoadScenario
    private let contents: ProgressTable.Contents
    private let isTerminal: Bool
    private let lines = Mutex(ProgressPacer(interval: .seconds(1)))
    private let bars = Mutex(ProgressPacer(interval: .milliseconds(100)))
    private let header = Mutex(Header())

    /// When the names of the columns were shown last.
    private struct Header {
        var width = 0
        var rows = 0
    }

    /// After how many rows the names of the columns are shown again.
    private static let rowsPerHeader = 20

    init(of scenario: LoadScenario, _ contents: ProgressTable.Contents) {
        self.scenario = scenario
        self.contents = contents
        isTerminal = StandardStream.error.isTerminal
    }

    /// Shows `progress`, unless the last one was shown too short a time ago.
    func show(_ progress: LoadProgress) {
        let connections = scenario.connectionsLimit
        let isLineDue = lines.withLock { $0.isDue(at: progress.elapsed) }
        guard isTerminal else {
            if isLineDue { StandardStream.error.write(progress.line(of: connections) + "\n") }
            return
        }
        guard bars.withLock({ $0.isDue(at: progress.elapsed) }) || isLineDue else { return }
        // One column is left free, where some terminals would wrap the line.
        let width = StandardStream.error.width - 1
        let bar = progress.bar(
            of: connections,
            lasting: scenario.duration,
            countsOpen: scenario.mode == .idleHerd,
            width: width
        )
        let rows = isLineDue ? rows(progress, width: width) : ""
        StandardStream.error.write("\r\(Self.clearToEndOfLine)\(rows)\(bar)")
    }

    /// Leaves the terminal as it was.
    func finish() {
        if isTerminal { StandardStream.error.write("\r\(Self.clearToEndOfLine)") }
    }

    /// A row of the table, below the names of its columns where those are out of sight or the terminal has changed.
    private func rows(_ progress: LoadProgress, width: Int) -> String {
        let table = ProgressTable(contents, width: width)
        let needsHeader = header.withLock { header in
            let isNew = header.width != width || header.rows.isMultiple(of: Self.rowsPerHeader)
            header = Header(width: width, rows: isNew ? 1 : header.rows + 1)
            return isNew
        }
        let names = needsHeader ? "\(Self.bold)\(table.header)\(Self.plain)\n" : ""
        return "\(names)\(table.row(progress))\n"
    }

    private static let clearToEndOfLine = "\u{1B}[K"
    private static let bold = "\u{1B}[1m"
    private static let plain = "\u{1B}[0m"
}

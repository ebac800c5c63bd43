import LoadModel
import TextValues

/// Shows on standard error where an abandon matrix stands: on a terminal also while it watches.
struct MatrixDisplay: Sendable {
    private static let clearToEndOfLine = "\u{1B}[K"

    private let plan: MatrixPlan
    private let isTerminal = StandardStream.error.isTerminal

    init(_ plan: MatrixPlan) {
        self.plan = plan
    }

    func show(_ progress: MatrixCheck.Progress) {
        switch progress {
        case .opening(let cell, let point, let manner):
            transient("\(title(cell)): \(point.rawValue), \(manner.rawValue): \(plan.connections) connections")
        case .watching(let cell, let elapsed, let state):
            transient("\(title(cell)): watching for \(seconds(elapsed)): \(LeakCheckDisplay.text(of: state))")
        case .measured(let cell, let measured):
            line("\(title(cell)): \(measured.point.rawValue), \(measured.manner.rawValue): \(measured.text)")
        }
    }

    /// Leaves the terminal as it was.
    func finish() {
        if isTerminal { StandardStream.error.write("\r\(Self.clearToEndOfLine)") }
    }

    private func transient(_ text: String) {
        guard isTerminal else { return }
        StandardStream.error.write("\r\(text.prefix(StandardStream.error.width - 1))\(Self.clearToEndOfLine)")
    }

    private func line(_ text: String) {
        let start = isTerminal ? "\r\(Self.clearToEndOfLine)" : ""
        StandardStream.error.write("\(start)\(text)\n")
    }

    private func title(_ cell: Int) -> String { "cell \(cell) of \(plan.cells.count)" }

    private func seconds(_ elapsed: Duration) -> String {
        "\(DecimalText.format(elapsed / .seconds(1), places: 1)) s"
    }
}

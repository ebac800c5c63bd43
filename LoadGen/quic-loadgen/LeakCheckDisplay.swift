import LoadModel
import Synchronization
import TextValues

/// Shows on standard error where a leak check stands: on a terminal also while it waits.
final class LeakCheckDisplay: Sendable {
    private let plan: LeakPlan
    private let isTerminal = StandardStream.error.isTerminal

    init(_ plan: LeakPlan) {
        self.plan = plan
    }

    func show(_ progress: LeakCheck.Progress) {
        switch progress {
        case .opening(let cycle):
            line("\(title(cycle)): \(plan.connections) connections, \(plan.manner.rawValue)")
        case .settling(let cycle, let elapsed, let state):
            guard isTerminal else { return }
            let text = "\(title(cycle)): settling for \(seconds(elapsed)): \(Self.text(of: state))"
            StandardStream.error.write("\r\(text.prefix(StandardStream.error.width - 1))\(Self.clearToEndOfLine)")
        case .settled(let cycle, let elapsed, let state):
            line("\(title(cycle)): settled after \(seconds(elapsed)): \(Self.text(of: state))")
        }
    }

    /// Leaves the terminal as it was.
    func finish() {
        if isTerminal { StandardStream.error.write("\r\(Self.clearToEndOfLine)") }
    }

    private func line(_ text: String) {
        let start = isTerminal ? "\r\(Self.clearToEndOfLine)" : ""
        StandardStream.error.write("\(start)\(text)\n")
    }

    private func title(_ cycle: Int) -> String {
        "cycle \(cycle) of \(plan.cycles)\(cycle == 1 ? ", warm-up" : "")"
    }

    private func seconds(_ elapsed: Duration) -> String {
        "\(DecimalText.format(elapsed / .seconds(1), places: 1)) s"
    }

    /// The state in one line, such as `ledger 5.4 MiB, RSS 20.1 MiB`.
    static func text(of state: TargetState) -> String {
        var parts = MemoryMeasure.allCases.compactMap { measure in
            state.memory[measure].map { "\(measure.title) \(ByteCountText.readable($0))" }
        }
        if let first = state.unreturned?.first { parts.append("not yet 0: \(first)") }
        return parts.joined(separator: ", ")
    }

    private static let clearToEndOfLine = "\u{1B}[K"
}

import Datagrams
import Synchronization

/// A clock that jumps once, five seconds after it was first read.
final class ClockJump: Sendable {
    private static let delay = Duration.seconds(5)

    private let name: String
    private let jump: Duration
    /// The nanoseconds of the first reading; 0 before it.
    private let start = Atomic<UInt64>(0)
    private let isAnnounced = Atomic(false)

    /// - Parameters:
    ///   - text: Such as `+3600` or `-5`, in seconds.
    ///   - name: What it is announced by.
    init?(_ text: Substring, named name: Substring) {
        guard let sign = text.first, "+-".contains(sign), let seconds = FaultPlan.count(text.dropFirst(), from: 1)
        else { return nil }
        self.name = String(name)
        jump = .seconds(sign == "-" ? -seconds : seconds)
    }

    /// What the clock says when it should say `instant`.
    func reading(at instant: MonotonicInstant) -> MonotonicInstant {
        let exchange = start.compareExchange(expected: 0, desired: instant.nanoseconds, ordering: .relaxed)
        let first = exchange.exchanged ? instant : MonotonicInstant(nanoseconds: exchange.original)
        guard first.duration(to: instant) >= Self.delay else { return instant }
        if !isAnnounced.exchange(true, ordering: .relaxed) { FaultPlan.announce(name) }
        return instant.advanced(by: jump)
    }
}

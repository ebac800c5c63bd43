import Glibc

/// Which calls to the system fail on purpose, so that tests see a real server under faults. docs/testing.md lists them.
///
/// Linked only with the trait `NegativeControls`; chosen by the environment variable `QUICHARNESS_FAULT`,
/// a list such as `send=EAGAIN/20,receive=short`. Failures and jumps say on standard
/// error that they strike, once.
struct FaultPlan: Sendable {
    /// One in so many allocations that may be refused fails.
    private(set) var allocationInterval: Int?
    /// The only allocation that fails, counted from 1.
    private(set) var allocationNumber: Int?
    /// Sending a batch of datagrams.
    private(set) var send: RareFailure?
    /// Receiving a batch of datagrams.
    private(set) var receive: RareFailure?
    /// Receiving takes one datagram at a time.
    private(set) var receivesSingly = false
    /// Waiting for events.
    private(set) var wait: RareFailure?
    /// No socket can be added to an event loop.
    private(set) var isLoopFull = false
    /// The monotonic clock is not.
    private(set) var clock: ClockJump?

    private static let variable = "QUICHARNESS_FAULT"
    private static let requested = ProcessEnvironment.value(of: variable)
    private static let accepted = """
        allocation=1/N, allocation=#N, send=ERROR/N, receive=ERROR/N, receive=short, epoll=ERROR/N, epoll=full, \
        clock=+SECONDS, clock=-SECONDS; N from 2 to 1000000, of an allocation from 1; ERROR one of \
        \(RareFailure.names.joined(separator: ", "))
        """
    private static let parsed = FaultPlan(requested ?? "")

    /// The faults of this process: none where there is no choice, or none that is understood.
    static let chosen = parsed ?? FaultPlan()

    /// What is wrong with the choice, and what is accepted; nil when it was understood.
    static var refusal: String? {
        guard let requested, parsed == nil else { return nil }
        return "\(variable) \(requested) is no list of faults: use \(accepted)"
    }

    private init() {}

    /// Nil where `text` is no list of faults; none for an empty one.
    private init?(_ text: String) {
        guard !text.isEmpty else { return }
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard add(item) else { return nil }
        }
    }

    /// Takes one fault into the plan; false when there is no such fault.
    private mutating func add(_ item: Substring) -> Bool {
        let parts = item.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return false }
        switch (parts[0], parts[1]) {
        case ("receive", "short"): receivesSingly = true
        case ("epoll", "full"): isLoopFull = true
        case ("send", let value): return Self.set(&send, RareFailure(value, named: item))
        case ("receive", let value): return Self.set(&receive, RareFailure(value, named: item))
        case ("epoll", let value): return Self.set(&wait, RareFailure(value, named: item))
        case ("clock", let value): return Self.set(&clock, ClockJump(value, named: item))
        case ("allocation", let value) where value.hasPrefix("#"):
            return Self.set(&allocationNumber, Self.count(value.dropFirst(), from: 1))
        case ("allocation", let value) where value.hasPrefix("1/"):
            return Self.set(&allocationInterval, Self.count(value.dropFirst(2), from: 2))
        default: return false
        }
        return true
    }

    private static func set<Value>(_ place: inout Value?, _ value: Value?) -> Bool {
        place = value
        return value != nil
    }

    /// A whole number from `first` to a million.
    static func count(_ text: Substring, from first: Int) -> Int? {
        Int(text).flatMap { (first...1_000_000).contains($0) ? $0 : nil }
    }

    /// Says on standard error that the fault called `name` strikes.
    static func announce(_ name: String) {
        let line = Array("injected: \(name)\n".utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }
}

import Datagrams

/// The addresses of one host and the attempts to connect to them, without clocks, sockets or connections.
///
/// RFC 8305 in its staggered form: §4, the families take turns, beginning with the one that the resolver has put first; §5, the next
/// address is tried when an attempt has failed, or 250 ms after the last one began, while those before it go on. The first attempt that
/// succeeds ends the race. §3, addresses of one family before those of the other are known, is left out: the system tells them together.
///
/// Owns: up to ``addressesLimit`` addresses and attempts.
struct AddressRace<Attempt: Hashable> {
    /// RFC 8305 §5: "One recommended value for a default delay is 250 milliseconds."
    static var attemptDelay: Duration { .milliseconds(250) }
    /// Addresses that are tried, each with a handshake's memory.
    static var addressesLimit: Int { 8 }

    /// When the race is over at the latest.
    let deadline: MonotonicInstant
    /// The attempts that go on.
    private(set) var attempts: Set<Attempt> = []
    /// Whether its addresses are not known yet.
    private(set) var isLookingUp = true
    private let host: String
    private var untried: [SocketAddress] = []
    private var nextAttempt = MonotonicInstant.distantFuture
    private var failure: ConnectError?

    /// A race whose addresses are being looked up.
    init(to host: String, deadline: MonotonicInstant) {
        self.host = host
        self.deadline = deadline
    }

    /// When it has to be looked at again.
    var nextDeadline: MonotonicInstant { untried.isEmpty ? deadline : min(deadline, nextAttempt) }

    /// The resolver has answered; later answers count for nothing.
    ///
    /// - Parameter preferred: The address to try first, where the host still has it.
    mutating func resolve(
        _ outcome: Result<[SocketAddress], LookupError>,
        preferring preferred: SocketAddress? = nil,
        at now: MonotonicInstant
    ) {
        guard isLookingUp else { return }
        isLookingUp = false
        nextAttempt = now
        switch outcome {
        case .failure(let error): failure = .unresolved(host: host, error)
        case .success(let addresses):
            untried = Self.inTurns(addresses)
            if let preferred, let index = untried.firstIndex(of: preferred) {
                untried.insert(untried.remove(at: index), at: 0)
            }
            untried = Array(untried.prefix(Self.addressesLimit))
            if untried.isEmpty { failure = .unresolved(host: host, .noAddress) }
        }
    }

    /// The address to try now; nil where there is none yet, or none left.
    mutating func takeAddress(at now: MonotonicInstant) -> SocketAddress? {
        guard !untried.isEmpty, nextAttempt <= now, now < deadline else { return nil }
        nextAttempt = now.advanced(by: Self.attemptDelay)
        return untried.removeFirst()
    }

    /// An attempt has begun.
    mutating func begin(_ attempt: Attempt) {
        attempts.insert(attempt)
    }

    /// An attempt has failed, or could not begin.
    mutating func fail(_ attempt: Attempt?, with error: ConnectError, at now: MonotonicInstant) {
        if let attempt { attempts.remove(attempt) }
        nextAttempt = now
        if failure.map({ Self.weight(of: error) > Self.weight(of: $0) }) ?? true { failure = error }
    }

    /// Why there will be no connection; nil as long as there may be one.
    func failure(at now: MonotonicInstant) -> ConnectError? {
        if now >= deadline {
            if isLookingUp { return .unresolved(host: host, .timedOut) }
            return failure.flatMap { Self.weight(of: $0) > Self.weight(of: .timedOut) ? $0 : nil } ?? .timedOut
        }
        guard !isLookingUp, untried.isEmpty, attempts.isEmpty else { return nil }
        return failure ?? .timedOut
    }

    /// How much an error says of the host: one without a route to an address less than silence there, and that less than an answer.
    private static func weight(of error: ConnectError) -> Int {
        switch error {
        case .unreachable: 0
        case .timedOut: 1
        default: 2
        }
    }

    /// Each address once, and the families in turns.
    private static func inTurns(_ addresses: [SocketAddress]) -> [SocketAddress] {
        var seen: Set<SocketAddress> = []
        let distinct = addresses.filter { seen.insert($0).inserted }
        let first = distinct.filter { $0.family == distinct.first?.family }
        let second = distinct.filter { $0.family != distinct.first?.family }
        return (0..<max(first.count, second.count)).flatMap { index in
            [first, second].compactMap { index < $0.count ? $0[index] : nil }
        }
    }
}

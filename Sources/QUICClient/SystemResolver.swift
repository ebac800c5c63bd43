public import Datagrams
import QUICWorkers
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Asks the system for the addresses of hosts: `getaddrinfo`, with what `/etc/nsswitch.conf` says.
///
/// It blocks threads of its own, never those of a client or those that tasks share. A lookup cannot be interrupted: one that hangs
/// keeps a thread until the system answers, and others who ask for its name wait for the same answer. Nobody waits for longer than
/// their timeout.
///
/// Owns: threads while there are names to look up, and who waits for each. Released by: the answers. Bound: ``threadsLimit`` threads,
/// ``namesLimit`` names, and those who wait.
public final class SystemResolver: HostResolver {
    /// Lookups at once.
    public static let threadsLimit = 4
    /// Names that wait or are looked up.
    public static let namesLimit = 256
    private static let longestTimeout = Duration.seconds(3_600)

    package typealias Outcome = Result<[SocketAddress], LookupError>

    /// Somebody who waits for an answer.
    private struct Waiter: Sendable {
        let port: UInt16
        let deadline: ContinuousClock.Instant
        let answer: @Sendable (Outcome) -> Void
    }

    private struct State {
        /// Those who wait, by name.
        var waiters: [String: [Waiter]] = [:]
        /// The names that no thread looks up yet.
        var queue: [String] = []
        var threadCount = 0

        /// Forgets the names in the queue for which nobody waits any more.
        mutating func dropAbandoned(at now: ContinuousClock.Instant) {
            queue.removeAll { name in
                guard waiters[name, default: []].allSatisfy({ $0.deadline <= now }) else { return false }
                waiters[name] = nil
                return true
            }
        }
    }

    private let state = Mutex(State())
    private let blockingLookup: @Sendable (String) -> Outcome

    /// A resolver without threads.
    public convenience init() {
        self.init(lookingUpWith: Self.askSystem)
    }

    /// One that asks `lookup`, which may block, instead of the system.
    package init(lookingUpWith lookup: @escaping @Sendable (String) -> Outcome) {
        blockingLookup = lookup
    }

    /// Threads and names now.
    package var load: (threads: Int, names: Int) { state.withLock { ($0.threadCount, $0.waiters.count) } }

    /// Looks for the addresses of `host`: ``HostResolver/lookUp(_:port:timeout:_:)``.
    public func lookUp(
        _ host: String,
        port: UInt16,
        timeout: Duration,
        _ answer: @escaping @Sendable (Result<[SocketAddress], LookupError>) -> Void
    ) {
        let now = ContinuousClock.now
        let waiter = Waiter(port: port, deadline: now + min(timeout, Self.longestTimeout), answer: answer)
        switch state.withLock({ Self.admit(waiter, for: host, at: now, to: &$0) }) {
        case .waits: return
        case .startsThread: startThread()
        case .refused: answer(.failure(.tooManyNames(limit: Self.namesLimit)))
        }
    }

    private enum Admission {
        case waits
        case startsThread
        case refused
    }

    private static func admit(
        _ waiter: Waiter,
        for host: String,
        at now: ContinuousClock.Instant,
        to state: inout State
    ) -> Admission {
        if state.waiters[host] != nil {
            state.waiters[host]?.removeAll { $0.deadline <= now }
            state.waiters[host]?.append(waiter)
            return .waits
        }
        if state.waiters.count >= namesLimit { state.dropAbandoned(at: now) }
        guard state.waiters.count < namesLimit else { return .refused }
        state.waiters[host] = [waiter]
        state.queue.append(host)
        guard state.threadCount < threadsLimit else { return .waits }
        state.threadCount += 1
        return .startsThread
    }
}

// MARK: - Threads

extension SystemResolver {
    private func startThread() {
        do throws(ThreadError) {
            try OwnThread.start { [self] in
                while let host = takeNext() { answer(host, blockingLookup(host)) }
            }
        } catch {
            // Others of its threads will come to the name, where there are any.
            let stranded = state.withLock { state in
                state.threadCount -= 1
                return state.threadCount == 0 ? state.queue : []
            }
            let reason = "the system has no thread for the lookup: error \(error.code)"
            for host in stranded { answer(host, .failure(.failed(reason: reason, isTemporary: true))) }
        }
    }

    /// The next name; nil where there is none, and the thread has to end.
    private func takeNext() -> String? {
        state.withLock { state in
            state.dropAbandoned(at: .now)
            if state.queue.isEmpty {
                state.threadCount -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    private func answer(_ host: String, _ outcome: Outcome) {
        let waiters = state.withLock { state in
            state.queue.removeAll { $0 == host }
            return state.waiters.removeValue(forKey: host) ?? []
        }
        for waiter in waiters {
            waiter.answer(
                outcome.map { addresses in
                    addresses.map { address in
                        var address = address
                        address.port = waiter.port
                        return address
                    }
                }
            )
        }
    }
}

// MARK: - The system

extension SystemResolver {
    /// The addresses of `host` with port 0, in the order of RFC 6724. Blocks, for as long as the system likes.
    private static let askSystem: @Sendable (String) -> Outcome = { host in
        var hints = unsafe addrinfo()
        // Else each address comes once for each type of socket.
        unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &found)
        let systemCode = errno
        guard code == 0 else {
            let suffix = code == EAI_SYSTEM ? ", error \(systemCode)" : ""
            let reason = unsafe String(cString: gai_strerror(code)) + suffix
            return .failure(.failed(reason: reason, isTemporary: code == EAI_AGAIN))
        }
        defer { unsafe freeaddrinfo(found) }
        var addresses: [SocketAddress] = []
        var next = unsafe found
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ai_next
            guard let pointer = unsafe entry.ai_addr,
                let address = unsafe SocketAddress(copying: pointer, length: Int(entry.ai_addrlen))
            else { continue }
            addresses.append(address)
        }
        return addresses.isEmpty ? .failure(.noAddress) : .success(addresses)
    }
}

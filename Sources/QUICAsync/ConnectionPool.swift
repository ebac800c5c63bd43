public import QUICClient
import Synchronization

/// Connections of a client that are kept between uses, so that a use needs no handshake.
///
/// ```swift
/// let pool = ConnectionPool(of: client)
/// let answer = try await pool.withConnection(to: "example.org", port: 443) { connection in
///     let stream = try await connection.openStream()
///     …
/// }
/// ```
///
/// A connection has one user at a time. One that ends by itself leaves the list it is in, and nothing remembers it.
///
/// Owns: connections that nobody uses, and one task while there are any. Released by: their limits, ``shutDown()``, and `deinit`. Bound:
/// ``PoolLimits``, for each server.
public final class ConnectionPool: Sendable {
    /// A server by its address, or by its name: the addresses behind a name may change.
    private struct Server: Hashable, Sendable {
        enum Target: Hashable, Sendable {
            case address(SocketAddress)
            case host(String, port: UInt16)
        }

        let target: Target
        let name: String?
    }

    private typealias Elements = PoolState<Server, QUICConnection>
    private typealias Turn = Result<Elements.Decision, any Error>

    private struct State {
        var elements: Elements
        var waiting: [UInt64: CheckedContinuation<Turn, Never>] = [:]
        var isShutDown = false
        /// Whether a task looks after the time.
        var isTimed = false
    }

    private let client: AsyncClient
    private let limits: PoolLimits
    private let reportLongUse: @Sendable (LongUse) -> Void
    private let state: Mutex<State>

    /// An empty pool.
    ///
    /// - Parameters:
    ///   - limits: What it keeps. A pool of no connections would let every task wait for ever.
    ///   - onLongUse: Told once of each use that lasts longer than ``PoolLimits/longUseThreshold``, from any thread.
    /// - Precondition: ``PoolLimits/connectionsPerServer`` is at least 1.
    public init(
        of client: AsyncClient,
        limits: PoolLimits = PoolLimits(),
        onLongUse: @escaping @Sendable (LongUse) -> Void = { _ in }
    ) {
        precondition(
            limits.connectionsPerServer > 0,
            "a pool of \(limits.connectionsPerServer) connections per server was asked for; at least 1 is needed"
        )
        self.client = client
        self.limits = limits
        reportLongUse = onLongUse
        state = Mutex(State(elements: Elements(limits: limits)))
    }

    deinit {
        // Nobody uses one: a use keeps the pool.
        shutDown()
    }

    /// The contents of the pool now.
    public var statistics: PoolStatistics { state.withLock { $0.elements.statistics } }

    /// Calls `body` with a connection to a server: one that nobody uses, or a new one. Where there are as many as may be, the task waits
    /// for its turn.
    ///
    /// - Parameters:
    ///   - serverName: The name that the server's certificate has to be for; nil for the address itself.
    ///   - timeout: How long the handshake of a new connection may take.
    /// - Throws: ``QUICClient/ConnectError``, ``PoolError``, `CancellationError`, or what `body` throws.
    public func withConnection<Result>(
        to address: SocketAddress,
        serverName: String? = nil,
        timeout: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line,
        _ body: (QUICConnection) async throws -> Result
    ) async throws -> Result {
        let server = Server(target: .address(address), name: serverName)
        return try await use(server, at: SourcePlace(fileID: fileID, line: line), timeout, body)
    }

    /// The same with a host's name: ``AsyncClient/connect(to:port:serverName:timeout:offersEarlyData:)``. It is looked up for new connections
    /// alone; connections to all of its addresses are kept together.
    public func withConnection<Result>(
        to host: String,
        port: UInt16,
        serverName: String? = nil,
        timeout: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line,
        _ body: (QUICConnection) async throws -> Result
    ) async throws -> Result {
        let name: String
        do throws(LookupError) {
            name = try RemoteHost(host).text
        } catch {
            throw ConnectError.unresolved(host: host, error)
        }
        let server = Server(target: .host(name, port: port), name: serverName)
        return try await use(server, at: SourcePlace(fileID: fileID, line: line), timeout, body)
    }

    /// Closes the connections that nobody uses. Those in use are closed when their uses end, and tasks that wait are told.
    public func shutDown() {
        let (closing, waiting) = state.withLock { state in
            state.isShutDown = true
            let (closing, tickets) = state.elements.removeAll()
            return (closing, tickets.compactMap { state.waiting.removeValue(forKey: $0) })
        }
        for continuation in waiting { continuation.resume(returning: .failure(PoolError.shutDown)) }
        for connection in closing { connection.close() }
    }
}

// MARK: - Taking

extension ConnectionPool {
    private func use<Result>(
        _ server: Server,
        at place: SourcePlace,
        _ timeout: Duration,
        _ body: (QUICConnection) async throws -> Result
    ) async throws -> Result {
        let (connection, use) = try await take(server, place, timeout)
        defer { end(use, of: connection) }
        return try await body(connection)
    }

    private func take(
        _ server: Server,
        _ place: SourcePlace,
        _ timeout: Duration
    ) async throws -> (QUICConnection, Elements.Use) {
        switch try await turn(server, place) {
        case .use(let connection, let use): return (connection, use)
        case .make(let use): return (try await make(for: use, server, timeout), use)
        case .wait: preconditionFailure("a task that waited has its turn")
        }
    }

    /// Waits until there is a connection for the task, or room for another.
    private func turn(_ server: Server, _ place: SourcePlace) async throws -> Elements.Decision {
        let ticket = Mutex<UInt64?>(nil)
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (turn, closing): (Turn?, [QUICConnection]) = state.withLock { state in
                    if state.isShutDown { return (.failure(PoolError.shutDown), []) }
                    if Task.isCancelled { return (.failure(CancellationError()), []) }
                    let (decision, closing) = state.elements.take(server, at: place, now: .now)
                    guard case .wait(let number) = decision else { return (.success(decision), closing) }
                    state.waiting[number] = continuation
                    ticket.withLock { $0 = number }
                    return (nil, closing)
                }
                for connection in closing { connection.close() }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                ticket.withLock { $0 }.flatMap { number in
                    _ = state.elements.cancel(number, of: server)
                    return state.waiting.removeValue(forKey: number)
                }
            }
            continuation?.resume(returning: .failure(CancellationError()))
        }.get()
    }

    private func make(for use: Elements.Use, _ server: Server, _ timeout: Duration) async throws -> QUICConnection {
        do {
            let connection = try await connect(to: server, timeout)
            state.withLock { $0.elements.didMake(connection, for: use, now: .now) }
            connection.onEnd { [weak self] connection in
                self?.state.withLock { $0.elements.didEnd(connection, of: server) }
            }
            keepTime()
            return connection
        } catch {
            end(use, of: nil)
            throw error
        }
    }

    private func connect(to server: Server, _ timeout: Duration) async throws -> QUICConnection {
        switch server.target {
        case .address(let address):
            try await client.connect(to: address, serverName: server.name, timeout: timeout)
        case .host(let host, let port):
            try await client.connect(to: host, port: port, serverName: server.name, timeout: timeout)
        }
    }

    /// - Parameter connection: Nil where there is none.
    private func end(_ use: Elements.Use, of connection: QUICConnection?) {
        // Asked in the turn in which it becomes idle: one that ends after that is taken out again.
        carryOut { $0.elements.end(use, isUsable: connection?.isOpen == true && !$0.isShutDown, now: .now) }
        keepTime()
    }

    /// Has the consequences of an event.
    private func carryOut(_ event: (inout State) -> Elements.Outcome) {
        let (outcome, turns) = state.withLock { state in
            let outcome = event(&state)
            return (outcome, outcome.grants.map { (state.waiting.removeValue(forKey: $0.ticket), $0.decision) })
        }
        for (continuation, decision) in turns { continuation?.resume(returning: .success(decision)) }
        for connection in outcome.closing { connection.close() }
        for use in outcome.longUses { reportLongUse(use) }
    }
}

// MARK: - Time

extension ConnectionPool {
    /// Limits of no time at all must not take all of a thread's.
    private static let shortestInterval = Duration.milliseconds(1)
    /// The clock traps where a moment is too far in the future for it.
    private static let longestInterval = Duration.seconds(3_600)

    /// Starts the task that looks after the time, unless there is one or nothing for it to do.
    private func keepTime() {
        let starts = state.withLock { state in
            guard !state.isTimed, state.elements.needsTime else { return false }
            state.isTimed = true
            return true
        }
        guard starts else { return }
        // Uses and rests that begin while it sleeps are due after that.
        let shortest = min(limits.idleTimeout, limits.longUseThreshold ?? limits.idleTimeout)
        let interval = min(max(shortest, Self.shortestInterval), Self.longestInterval)
        Task(executorPreference: client.worker.taskExecutor) { [weak self] in
            repeat {
                try? await Task.sleep(for: interval)
            } while self?.passTime() == true
        }
    }

    /// - Returns: Whether there is more to wait for.
    private func passTime() -> Bool {
        carryOut { $0.elements.expire(now: .now) }
        return state.withLock { state in
            state.isTimed = state.elements.needsTime
            return state.isTimed
        }
    }
}

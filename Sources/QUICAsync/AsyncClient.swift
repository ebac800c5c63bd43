public import QUICClient
import Synchronization

/// A QUIC client for tasks: connections to any number of servers.
///
/// ```swift
/// let client = try AsyncClient(configuration: ClientConfiguration(applicationProtocols: ["echo"]))
/// let connection = try await client.connect(to: "example.org", port: 443)
/// let stream = try await connection.openStream()
/// try await stream.write("hello")
/// stream.finish()
/// for try await chunk in stream { … }
/// connection.close()
/// _ = try await client.shutDown()
/// ```
///
/// Owns: a ``QUICClient/Client``. Released by: ``shutDown()``. Bound: that of the client, and for each stream its receive window and
/// one write.
public final class AsyncClient: Sendable {
    private let client: Client

    /// Starts a client without connections.
    ///
    /// - Throws: When the configuration contradicts itself, or the system has no thread or no event loop.
    public init(configuration: ClientConfiguration) throws(ClientError) {
        client = try Client(configuration: configuration) { worker in
            AsyncService(configuration.applicationProtocols.first ?? "", worker: worker, arrivals: nil)
        }
    }

    /// Its thread, on which tasks use its connections best.
    public var worker: WorkerReference { client.worker }

    /// Opens a connection; returns when its handshake is complete, or at once where early data is offered.
    ///
    /// - Parameters:
    ///   - serverName: The name that the server's certificate has to be for, and that is sent to it unless it is an address; nil for
    ///     the address itself.
    ///   - timeout: How long the handshake may take, an hour at most.
    ///   - offersEarlyData: Whether streams can be used before the handshake is complete, where an earlier connection to a server of this
    ///     name brought a ticket that allows it. What is written so may reach the server twice, and has to bear that: a read does, a
    ///     payment does not. ``QUICConnection/completedHandshake()`` tells the outcome. RFC 9001 §4.6.
    /// - Throws: ``QUICClient/ConnectError``, or `CancellationError`.
    public func connect(
        to remote: SocketAddress,
        serverName: String? = nil,
        timeout: Duration = .seconds(10),
        offersEarlyData: Bool = false
    ) async throws -> QUICConnection {
        try await pendingConnection { [client] pending in
            client.connect(
                to: remote,
                serverName: serverName ?? remote.host,
                timeout: timeout,
                offersEarlyData: offersEarlyData,
                didBegin: { reference in pending.didBegin { try? reference.close() } },
                willOpen: { $0.context = pending },
                fail: { pending.finish(.failure($0)) }
            )
        }
    }

    /// Opens a connection to a host by its name; returns when its handshake is complete, or at once where early data is offered.
    ///
    /// The name is looked up, and its addresses are tried in turns as in RFC 8305: the next one when one has failed, or when there was no
    /// answer for 250 ms, while those before it go on. The first handshake that is complete counts.
    ///
    /// - Parameters:
    ///   - host: A name such as `example.org`, or an address such as `192.0.2.1`, `[2001:db8::1]` or `fe80::1%eth0`.
    ///   - serverName: The name that the server's certificate has to be for, and that is sent to it unless it is an address; nil, the
    ///     default, for `host`.
    ///   - timeout: How long lookup and handshakes may take together, an hour at most.
    ///   - offersEarlyData: As for an address. Where there is early data, the address that the server of this name had last is tried first, and
    ///     no other.
    /// - Throws: ``QUICClient/ConnectError``, or `CancellationError`.
    public func connect(
        to host: String,
        port: UInt16,
        serverName: String? = nil,
        timeout: Duration = .seconds(10),
        offersEarlyData: Bool = false
    ) async throws -> QUICConnection {
        try await pendingConnection { [client] pending in
            let attempt = client.connect(
                to: host,
                port: port,
                serverName: serverName,
                timeout: timeout,
                offersEarlyData: offersEarlyData,
                willOpen: { $0.context = pending },
                fail: { pending.finish(.failure($0)) }
            )
            pending.didBegin { attempt.cancel() }
        }
    }

    /// Waits for the connection that `begin` asks for.
    private func pendingConnection(_ begin: @Sendable (PendingConnection) -> Void) async throws -> QUICConnection {
        let pending = PendingConnection()
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if pending.begin(continuation) { begin(pending) }
            }
        } onCancel: {
            pending.cancel()
        }.get()
    }

    /// The client's statistics at this moment, or at its end.
    ///
    /// - Throws: When its socket failed.
    public func statistics() async throws(ClientError) -> ClientStatistics {
        try await client.statistics()
    }

    /// Closes every connection, and releases everything.
    ///
    /// - Returns: The last statistics.
    /// - Throws: When its socket failed.
    public func shutDown() async throws(ClientError) -> ClientStatistics {
        try await client.shutDown()
    }
}

/// A connection that a task waits for.
final class PendingConnection: Sendable {
    typealias Outcome = Result<QUICConnection, any Error>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        /// Ends the attempt.
        var stop: (@Sendable () -> Void)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// The task waits from now on; false when it was cancelled before.
    func begin(_ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let isCancelled = state.withLock { state in
            if !state.isCancelled { state.continuation = continuation }
            return state.isCancelled
        }
        if isCancelled { continuation.resume(returning: .failure(CancellationError())) }
        return !isCancelled
    }

    /// The attempt has begun; `stop` ends it.
    func didBegin(_ stop: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.stop = stop
            return state.isCancelled
        }
        if isCancelled { stop() }
    }

    /// There is a connection, or there will be none.
    func finish(_ outcome: Outcome) {
        let continuation = state.withLock { $0.continuation.take() }
        if let continuation {
            continuation.resume(returning: outcome)
        } else if case .success(let connection) = outcome {
            // Nobody waits for it any more.
            connection.close()
        }
    }

    /// The task no longer waits.
    func cancel() {
        let (continuation, stop) = state.withLock { state in
            state.isCancelled = true
            return (state.continuation.take(), state.stop)
        }
        continuation?.resume(returning: .failure(CancellationError()))
        stop?()
    }
}

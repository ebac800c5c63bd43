import BoundedMemory
import DatagramIO
import Datagrams
import QUICEndpoint
import QUICTransport
import QUICWorkers

/// The thread of a client, with its sockets, its event loop and its endpoint.
///
/// Owns: the sockets and the endpoint. Released by: the end of ``run()``.
final class ClientWorker {
    /// A request of another thread's.
    enum Command: Sendable {
        case connect(ConnectRequest)
        case report(@Sendable (ClientStatistics) -> Void)
        case shutDown
    }

    let mailbox: Mailbox<Command>
    /// Why it takes no more requests, for those who ask from other threads.
    let end = ClientEnd()
    private let endpoint: ClientEndpoint
    private let service: any StreamService
    private let reference: WorkerReference
    private let sockets: ClientSockets
    private let connectionLimit: Int
    private let tls: TLSClientContext
    /// The contexts of the servers that were last connected to, by name.
    private var contexts: [String: TLSClientContext] = [:]
    private var attempts: [ConnectionHandle: Attempt] = [:]
    private var clock = SteadyClock()
    private var isShuttingDown = false
    /// Whether tasks may wait of which nothing wakes this thread: before its first turn, and where others had to have theirs.
    private var tasksMayFollow = true

    /// Batches of datagrams, and rounds of tasks, handled in a row before the others have their turn.
    private static let roundsPerTurn = 8

    /// Pieces of other threads' work done in a row before packets that come of them are sent.
    private static let workPerFlush = 64
    /// Connections closed in a row at a shutdown.
    private static let closesPerTurn = 32

    /// A connection in its handshake.
    private struct Attempt {
        let request: ConnectRequest
        let deadline: MonotonicInstant
    }

    init(
        configuration: ClientConfiguration,
        tls: TLSClientContext,
        reference: WorkerReference,
        service: any StreamService
    ) throws(SocketError) {
        self.tls = tls
        self.reference = reference
        self.service = service
        connectionLimit = configuration.connectionLimit
        sockets = try ClientSockets()
        mailbox = Mailbox(waker: sockets.waker)
        var settings = EndpointConfiguration()
        settings.transport = configuration.transport
        // Each connection has a timeout of its own.
        settings.transport.handshakeTimeout = ConnectRequest.timeoutLimit
        settings.memoryBudget = MemoryBudget(bytesLimit: configuration.memoryBytesLimit)
        endpoint = ClientEndpoint(configuration: settings, tls: tls, service: service)
        endpoint.executor = reference.work
        reference.work.open(waking: sockets.waker)
    }

    /// Drives connections until it is told to shut down and has said so to every server.
    ///
    /// - Returns: The last statistics, or why it had to stop.
    func run() -> Client.Outcome {
        observe()
        reference.tasks.begin(waking: sockets.waker)
        do throws(SocketError) {
            try serve()
        } catch {
            stop(because: .clientFailed(.socket(error)))
            return .failure(.socket(error))
        }
        endpoint.removeClosingRecords()
        reference.close()
        let last = statistics
        stop(because: .shutDown)
        return .success(last)
    }

    private func serve() throws(SocketError) {
        while !(isShuttingDown && endpoint.counts.live == 0 && sockets.isDrained) {
            let wasWoken = try sockets.wait(until: nextDeadline, now: clock.now())
            let now = clock.now()
            if wasWoken {
                execute(mailbox.takeAll(), at: now)
                try doWork(at: now)
            }
            try turn(at: now)
            try runTasks()
        }
    }

    /// Takes no more requests, and tells those who wait for a connection.
    private func stop(because reason: ConnectError) {
        end.reason = reason
        reference.close()
        execute(mailbox.close(), at: clock.now())
        for attempt in attempts.values { attempt.request.fail(reason) }
        attempts = [:]
    }

    private func observe() {
        endpoint.onEstablish = { [unowned self] connection in
            guard let attempt = attempts.removeValue(forKey: connection.handle) else { return }
            connection.applicationDeadline = .distantFuture
            // One with early data is open already.
            if connection.earlyData == .none { attempt.request.willOpen(connection) }
        }
        endpoint.onWake = { [unowned self] connection in
            guard attempts[connection.handle] != nil else { return }
            connection.close()
        }
        endpoint.onClose = { [unowned self] connection, cause in
            guard let attempt = attempts.removeValue(forKey: connection.handle), connection.earlyData == .none else {
                return
            }
            let isOurs = cause == .localClose
            if isOurs, isShuttingDown { return attempt.request.fail(.shutDown) }
            if isOurs, attempt.deadline <= clock.now() { return attempt.request.fail(.timedOut) }
            attempt.request.fail(ConnectError(cause, refusedCertificate: connection.refusedCertificate))
        }
    }

    private var nextDeadline: MonotonicInstant? {
        // While a socket takes nothing, only its becoming writable helps a shutdown.
        tasksMayFollow || (isShuttingDown && sockets.isDrained)
            ? MonotonicInstant(nanoseconds: 0) : endpoint.nextDeadline
    }

    private var statistics: ClientStatistics {
        var statistics = ClientStatistics()
        statistics.connections = endpoint.counts
        statistics.memory = endpoint.ledger.totalUsage
        statistics.connectionIDCount = endpoint.connectionIDCount
        statistics.deadlineCount = endpoint.deadlineCount
        statistics.earlyData = endpoint.earlyData
        statistics.work = reference.work.statistics
        return statistics
    }
}

// MARK: - Turns

extension ClientWorker {
    /// Receives the datagrams that wait, handles what is due, and sends what came of it.
    private func turn(at start: MonotonicInstant) throws(SocketError) {
        var now = start
        for _ in 0..<Self.roundsPerTurn {
            let hasReceived = try sockets.receive { datagram, path, ecn in
                endpoint.receive(datagram, path: path, ecn: ecn, at: now)
            }
            guard hasReceived else { break }
            try flush(at: now)
            now = clock.now()
        }
        endpoint.expire(at: now)
        if isShuttingDown { closeConnections(at: now) }
        try flush(at: now)
    }

    /// Closes as many connections as have room for their close packets.
    private func closeConnections(at now: MonotonicInstant) {
        for _ in 0..<Self.closesPerTurn {
            guard let connection = endpoint.nextLiveConnection() else { return }
            endpoint.close(connection, at: now)
        }
    }

    private func flush(at now: MonotonicInstant) throws(SocketError) {
        try sockets.send { endpoint.transmit(into: $0, holding: $1, at: now) }
    }

    /// Does the work that other threads have left until now.
    private func doWork(at now: MonotonicInstant) throws(SocketError) {
        endpoint.noteTime(now)
        let scope = WorkScope(connections: endpoint, services: [service])
        try reference.work.empty(flushingAfter: Self.workPerFlush, { () throws(SocketError) in try flush(at: now) }) {
            $0.body(scope)
        }
    }

    /// Runs the steps of tasks that wait, and those that follow from them, until datagrams and deadlines have their turn again.
    private func runTasks() throws(SocketError) {
        tasksMayFollow = try reference.tasks.run(rounds: Self.roundsPerTurn) { steps throws(SocketError) in
            let now = clock.now()
            endpoint.noteTime(now)
            steps()
            try flush(at: now)
        }
    }

    private func execute(_ commands: [Command], at now: MonotonicInstant) {
        for command in commands {
            switch command {
            case .connect(let request): connect(request, at: now)
            case .report(let answer): answer(statistics)
            case .shutDown: isShuttingDown = true
            }
        }
    }
}

// MARK: - Connecting

extension ClientWorker {
    private func connect(_ request: ConnectRequest, at now: MonotonicInstant) {
        if let reason = end.reason { return request.fail(reason) }
        guard !isShuttingDown else { return request.fail(.shutDown) }
        guard endpoint.counts.live < connectionLimit else {
            return request.fail(.tooManyConnections(limit: connectionLimit))
        }
        // GnuTLS does not survive a refused allocation, so a handshake is refused before it begins.
        endpoint.ledger.share.refresh()
        guard endpoint.ledger.share.admitsConnection else { return request.fail(.outOfMemory) }
        let path: NetworkPath
        do throws(SocketError) {
            path = try sockets.path(to: request.remote)
        } catch {
            return request.fail(.unreachable(error))
        }
        do throws(QUICError) {
            let connection = try endpoint.connect(
                path: path,
                tls: context(for: request.serverName),
                offersEarlyData: request.offersEarlyData,
                at: now
            )
            let deadline = now.advanced(by: request.timeout)
            connection.applicationDeadline = deadline
            attempts[connection.handle] = Attempt(request: request, deadline: deadline)
            request.didBegin(connection.reference)
            guard connection.earlyData == .offered, let name = connection.applicationProtocol else { return }
            request.willOpen(connection)
            connection.open(to: service, speaking: name)
        } catch {
            request.fail(error.isOutOfMemory ? .outOfMemory : .notStarted(error))
        }
    }

    /// The context of a server's name. Those of names that were not asked for lately are forgotten, with their tickets.
    private func context(for serverName: String) -> TLSClientContext {
        if let context = contexts[serverName] { return context }
        if contexts.count >= ClientConfiguration.serverNamesLimit { contexts.removeAll() }
        let context = TLSClientContext(for: serverName, like: tls)
        contexts[serverName] = context
        return context
    }
}

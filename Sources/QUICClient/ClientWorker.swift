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
        /// The addresses of the host of a request are known, or not to be found.
        case resolve(UInt64, Result<[SocketAddress], LookupError>)
        /// Nobody wants the connection of a request any more.
        case cancel(UInt64)
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
    /// The servers that were last connected to, by name.
    private var servers: [String: KnownServer] = [:]
    private var attempts: [ConnectionHandle: Attempt] = [:]
    private let resolver: any HostResolver
    /// Connections to hosts, by the numbers of their requests.
    private var races: [UInt64: Race] = [:]
    /// Those of which something has happened since they were last looked at.
    private var changedRaces: [UInt64] = []
    /// No later than the first of their deadlines.
    private var raceDeadline = MonotonicInstant.distantFuture
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
        /// The race that it belongs to.
        let race: UInt64?
        let remote: SocketAddress
    }

    /// A connection to a host that is looked up, or whose addresses are tried.
    private struct Race {
        let request: ConnectRequest
        var addresses: AddressRace<ConnectionHandle>
    }

    private struct KnownServer {
        let context: TLSClientContext
        /// The address of the last connection to it as a host.
        var address: SocketAddress?
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
        resolver = configuration.resolver
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
            endpoint.fail()
            return .failure(.socket(error))
        }
        endpoint.removeClosingRecords()
        stop(because: .shutDown)
        return .success(statistics)
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
        }
    }

    /// Takes no more requests, and tells those who wait for a connection.
    private func stop(because reason: ConnectError) {
        end.reason = reason
        reference.close()
        execute(mailbox.close(), at: clock.now())
        for attempt in attempts.values where attempt.race == nil { attempt.request.fail(reason) }
        for race in races.values { race.request.fail(reason) }
        (attempts, races) = ([:], [:])
    }

    private func observe() {
        endpoint.willOpen = { [unowned self] connection in
            guard let attempt = attempts.removeValue(forKey: connection.handle) else { return }
            connection.applicationDeadline = .distantFuture
            if let number = attempt.race { endRace(number, wonBy: connection, at: attempt.remote) }
            attempt.request.willOpen(connection)
        }
        endpoint.onEstablish = { [unowned self] connection in
            // One with early data was open before. Any other that is still here is about to end, and has not opened.
            guard connection.earlyData != .none, let attempt = attempts.removeValue(forKey: connection.handle) else {
                return
            }
            // Its service may have set one of its own meanwhile.
            if connection.applicationDeadline == attempt.deadline { connection.applicationDeadline = .distantFuture }
        }
        endpoint.onWake = { [unowned self] connection in
            guard attempts[connection.handle] != nil else { return }
            connection.close()
        }
        endpoint.onClose = { [unowned self] connection, cause in
            guard let attempt = attempts.removeValue(forKey: connection.handle), connection.earlyData == .none else {
                return
            }
            let error = error(of: attempt, connection, cause)
            guard let number = attempt.race else { return attempt.request.fail(error) }
            races[number]?.addresses.fail(connection.handle, with: error, at: clock.now())
            // Another connection cannot begin while this one ends.
            changedRaces.append(number)
        }
    }

    private func error(of attempt: Attempt, _ connection: Connection, _ cause: CloseCause) -> ConnectError {
        let isOurs = cause == .localClose
        if isOurs, isShuttingDown { return .shutDown }
        if isOurs, attempt.deadline <= clock.now() { return .timedOut }
        return ConnectError(cause, refusedCertificate: connection.refusedCertificate)
    }

    private var nextDeadline: MonotonicInstant? {
        // While a socket takes nothing, only its becoming writable helps a shutdown.
        if tasksMayFollow || !changedRaces.isEmpty || (isShuttingDown && sockets.isDrained) {
            return MonotonicInstant(nanoseconds: 0)
        }
        if raceDeadline == .distantFuture { return endpoint.nextDeadline }
        return min(raceDeadline, endpoint.nextDeadline ?? .distantFuture)
    }

    private var statistics: ClientStatistics {
        var statistics = ClientStatistics()
        statistics.connections = endpoint.counts
        statistics.memory = endpoint.ledger.totalUsage
        statistics.connectionIDCount = endpoint.connectionIDCount
        statistics.deadlineCount = endpoint.deadlineCount
        statistics.earlyData = endpoint.earlyData
        statistics.hostAttemptCount = races.count
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
            try runTasks(at: now)
            now = clock.now()
        }
        endpoint.expire(at: now)
        expireRaces(at: now)
        if isShuttingDown { closeConnections(at: now) }
        try runTasks(at: now)
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

    /// Runs the steps of tasks that wait, and those that follow from them, until datagrams and deadlines have their turn again, and sends.
    ///
    /// An answer that a task gives to datagrams that have just arrived leaves with their acknowledgement.
    private func runTasks(at now: MonotonicInstant) throws(SocketError) {
        endpoint.noteTime(now)
        tasksMayFollow = reference.tasks.run(rounds: Self.roundsPerTurn)
        try flush(at: now)
    }

    private func execute(_ commands: [Command], at now: MonotonicInstant) {
        endpoint.noteTime(now)
        for command in commands {
            switch command {
            case .connect(let request): connect(request, at: now)
            case .resolve(let number, let outcome): resolve(number, outcome, at: now)
            case .cancel(let number): giveUpRace(number, with: .cancelled)
            case .report(let answer): answer(statistics)
            case .shutDown:
                isShuttingDown = true
                for number in Array(races.keys) { giveUpRace(number, with: .shutDown) }
            }
        }
    }
}

// MARK: - Connecting

extension ClientWorker {
    private func connect(_ request: ConnectRequest, at now: MonotonicInstant) {
        if let reason = end.reason { return request.fail(reason) }
        guard !isShuttingDown else { return request.fail(.shutDown) }
        let deadline = now.advanced(by: request.timeout)
        switch request.target {
        case .address(let remote):
            do throws(ConnectError) {
                try open(request, to: remote, by: deadline, at: now)
            } catch {
                request.fail(error)
            }
        case .host(let host, let port, let number):
            beginRace(number, request, to: host, port: port, by: deadline, at: now)
        }
    }

    /// Begins a connection to one address.
    ///
    /// - Parameter race: The race that it belongs to.
    @discardableResult
    private func open(
        _ request: ConnectRequest,
        to remote: SocketAddress,
        for race: UInt64? = nil,
        by deadline: MonotonicInstant,
        at now: MonotonicInstant
    ) throws(ConnectError) -> Connection {
        guard endpoint.counts.live < connectionLimit else { throw .tooManyConnections(limit: connectionLimit) }
        // GnuTLS does not survive a refused allocation, so a handshake is refused before it begins.
        endpoint.ledger.share.refresh()
        guard endpoint.ledger.share.admitsConnection else { throw .outOfMemory }
        let path: NetworkPath
        do throws(SocketError) { path = try sockets.path(to: remote) } catch { throw .unreachable(error) }
        let connection: Connection
        do throws(QUICError) {
            connection = try endpoint.connect(
                path: path,
                tls: context(for: request.serverName),
                offersEarlyData: request.offersEarlyData,
                at: now
            )
        } catch {
            throw error.isOutOfMemory ? .outOfMemory : .notStarted(error)
        }
        let isOpen = connection.earlyData == .offered && connection.applicationProtocol != nil
        connection.applicationDeadline = deadline
        attempts[connection.handle] = Attempt(
            request: request,
            deadline: deadline,
            race: isOpen ? nil : race,
            remote: remote
        )
        request.didBegin(connection.reference)
        guard isOpen, let name = connection.applicationProtocol else { return connection }
        // It is no longer in the race, but has won it.
        if let race { endRace(race, wonBy: connection, at: remote) }
        request.willOpen(connection)
        connection.open(to: service, speaking: name)
        return connection
    }

    /// The context of a server's name. Those of names that were not asked for lately are forgotten, with their tickets.
    private func context(for serverName: String) -> TLSClientContext {
        if let server = servers[serverName] { return server.context }
        if servers.count >= ClientConfiguration.serverNamesLimit { servers.removeAll() }
        let context = TLSClientContext(for: serverName, like: tls)
        servers[serverName] = KnownServer(context: context)
        return context
    }
}

// MARK: - Hosts

extension ClientWorker {
    private func beginRace(
        _ number: UInt64,
        _ request: ConnectRequest,
        to host: RemoteHost,
        port: UInt16,
        by deadline: MonotonicInstant,
        at now: MonotonicInstant
    ) {
        // One that is looked up holds no connection yet.
        let lookups = races.values.count(where: \.addresses.isLookingUp)
        guard endpoint.counts.live + lookups < connectionLimit else {
            return request.fail(.tooManyConnections(limit: connectionLimit))
        }
        races[number] = Race(request: request, addresses: AddressRace(to: host.text, deadline: deadline))
        raceDeadline = min(raceDeadline, deadline)
        if var address = host.address {
            address.port = port
            return resolve(number, .success([address]), at: now)
        }
        resolver.lookUp(host.text, port: port, timeout: request.timeout) { [mailbox] outcome in
            // Dropped where the client has ended.
            _ = mailbox.post(.resolve(number, outcome))
        }
    }

    /// The resolver has answered; where nobody waits any more, that is ignored.
    private func resolve(_ number: UInt64, _ outcome: Result<[SocketAddress], LookupError>, at now: MonotonicInstant) {
        guard let race = races[number] else { return }
        let known = race.request.offersEarlyData ? servers[race.request.serverName]?.address : nil
        races[number]?.addresses.resolve(outcome, preferring: known, at: now)
        advanceRace(number, at: now)
    }

    /// Looks at the races of which something has happened, or whose time has come.
    private func expireRaces(at now: MonotonicInstant) {
        while let number = changedRaces.popLast() { advanceRace(number, at: now) }
        guard raceDeadline <= now else { return }
        raceDeadline = .distantFuture
        for number in Array(races.keys) { advanceRace(number, at: now) }
    }

    /// Tries the addresses whose turn it is.
    private func advanceRace(_ number: UInt64, at now: MonotonicInstant) {
        while let address = races[number]?.addresses.takeAddress(at: now), let race = races[number] {
            do throws(ConnectError) {
                let deadline = race.addresses.deadline
                let connection = try open(race.request, to: address, for: number, by: deadline, at: now)
                races[number]?.addresses.begin(connection.handle)
            } catch {
                races[number]?.addresses.fail(nil, with: error, at: now)
            }
        }
        guard let race = races[number] else { return }
        if let error = race.addresses.failure(at: now) { return giveUpRace(number, with: error) }
        raceDeadline = min(raceDeadline, race.addresses.nextDeadline)
    }

    /// There will be no connection of this race.
    private func giveUpRace(_ number: UInt64, with error: ConnectError) {
        guard let race = races.removeValue(forKey: number) else { return }
        closeAttempts(of: race)
        race.request.fail(error)
    }

    /// An attempt has succeeded; the others are closed.
    private func endRace(_ number: UInt64, wonBy winner: Connection, at address: SocketAddress) {
        guard let race = races.removeValue(forKey: number) else { return }
        servers[race.request.serverName]?.address = address
        closeAttempts(of: race, except: winner.handle)
    }

    private func closeAttempts(of race: Race, except winner: ConnectionHandle? = nil) {
        for handle in race.addresses.attempts where handle != winner {
            // Its end is no failure of anything.
            attempts[handle] = nil
            endpoint.connection(handle)?.close()
        }
    }
}

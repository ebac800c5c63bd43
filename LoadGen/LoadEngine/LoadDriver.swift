import BoundedMemory
import DatagramIO
import Datagrams
import LoadModel
import QUICEndpoint
import QUICTransport

/// Drives the connections of one worker on one thread: starts them on schedule and sees each through to its end.
///
/// Owns: the client endpoint, the sockets, and what it measured (1 MB). Released by: `deinit`.
final class LoadDriver {
    let scenario: LoadScenario
    let endpoint: ClientEndpoint
    let service: LoadService
    let sockets: ClientSockets
    private let target: SocketAddress
    private let control: RunControl
    private let board: WorkerBoard
    private let batch = TransmitBatch()
    /// The moment of the turn being handled: one for a whole batch.
    var now = MonotonicInstant.now()
    var result = WorkerResult()
    /// What was recorded since the board was last written.
    var latelyHandshake = LatencyRecorder()
    var latelyEcho = LatencyRecorder()
    private var plan: StartPlan
    private var herd = HerdPhase()
    private var startTime = MonotonicInstant(nanoseconds: 0)
    private var publishTime = MonotonicInstant(nanoseconds: 0)
    /// Connections that send their first flight and no more.
    var vanishing: [Connection] = []

    /// Connections started or closed in a row before arrivals get their turn.
    private static let connectionsPerTurn = 32
    /// How often the board is written.
    private static let publishInterval = Duration.milliseconds(100)

    /// - Parameter localAddresses: Those of all workers' sockets, in turn.
    init(
        scenario: LoadScenario,
        target: SocketAddress,
        localAddresses: [SocketAddress],
        share: WorkerShare,
        control: RunControl,
        board: WorkerBoard
    ) throws {
        self.scenario = scenario
        self.target = target
        self.control = control
        self.board = board
        plan = StartPlan(scenario, share: share)
        let profile = ApplicationProfile(scenario)
        service = LoadService(
            applicationProtocol: scenario.applicationProtocol,
            profile: profile,
            messageBytes: scenario.payloadBytes,
            usesFreshStreams: scenario.usesFreshStreams,
            readsSlowly: scenario.readBytesPerSecond != nil,
            seed: scenario.seed
        )
        endpoint = ClientEndpoint(
            configuration: Self.configuration(of: scenario, profile, share),
            tls: try Self.tls(for: scenario),
            service: service
        )
        let numbers = (0..<share.part(of: scenario.sockets)).map(share.number)
        sockets = try ClientSockets(
            localAddresses: numbers.map { localAddresses[$0 % localAddresses.count] },
            target: target
        )
        observe()
    }

    /// The TLS of clients that carry `scenario` out.
    static func tls(for scenario: LoadScenario) throws -> TLSClientContext {
        try TLSClientContext(
            protocols: try ApplicationProtocols([scenario.applicationProtocol]),
            serverName: scenario.serverName,
            verification: scenario.certificateAuthorities.map { .authorities(file: $0) } ?? .none,
            resumesSessions: scenario.resumes
        )
    }

    /// The transport of clients that carry `scenario` out.
    static func configuration(
        of scenario: LoadScenario,
        _ profile: ApplicationProfile,
        _ share: WorkerShare
    ) -> EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeTimeout = scenario.dialTimeout
        // A server's certificates may come out of order as well.
        configuration.transport.handshakeBytesLimit = TransportConfiguration.handshakeBytesLimitOfClients
        configuration.transport.idleTimeout = scenario.idleTimeout
        // A held connection says nothing for as long as the scenario wants.
        configuration.transport.noProgressTimeout = nil
        configuration.transport.acknowledgementTimeout = nil
        configuration.transport.streamWindow = .fixed(scenario.streamWindowBytes)
        configuration.transport.connectionWindow = .fixed(scenario.connectionWindowBytes)
        // Bytes out of order are kept until the gap is filled: a window's worth, and the chunks it lies in.
        configuration.transport.connectionBytesLimit = max(12 << 20, 4 * scenario.connectionWindowBytes)
        configuration.transport.peerBidirectionalStreams = 0
        configuration.transport.peerUnidirectionalStreams = profile.peerUnidirectionalStreams
        configuration.workerIndex = UInt8(share.index)
        configuration.seed = share.seed(from: scenario.seed)
        return configuration
    }
}

// MARK: - The run

extension LoadDriver {
    /// Carries the worker's share out. Times are counted from `startTime`.
    func run(from startTime: MonotonicInstant) throws -> WorkerResult {
        self.startTime = startTime
        let cpuBefore = ProcessUsage.threadCPUSeconds
        now = .now()
        while !isDone {
            if control.isCancelled { cancelEverything() }
            startDueConnections()
            closeHerdIfOver()
            try turn()
            if now >= publishTime { publish() }
        }
        // The last close packets are still to be sent.
        try transmit()
        endpoint.removeClosingRecords()
        publish()
        conclude(cpuBefore: cpuBefore)
        return result
    }

    private var elapsed: Duration { startTime.duration(to: now) }

    private var isDone: Bool { result.outcomes.ended >= plan.startedCount && plan.isExhausted(at: elapsed) }

    private func startDueConnections() {
        herd = scenario.mode == .idleHerd ? control.herdPhase : HerdPhase()
        let dueCount = plan.dueCount(at: elapsed, openCount: endpoint.counts.live, herd: herd)
        for _ in 0..<min(dueCount, Self.connectionsPerTurn) { startNext() }
    }

    private func startNext() {
        // Not the moment of the turn: making a connection takes a while, and the last of many begins later.
        now = .now()
        let socketIndex = plan.startedCount % sockets.count
        let intendedStart = startTime.advanced(by: plan.takeNext(at: elapsed, herd: herd))
        noteStart(after: intendedStart.duration(to: now))
        do throws(QUICError) {
            let path = NetworkPath(local: sockets.localAddress(of: socketIndex), remote: target)
            let connection = try endpoint.connect(path: path, at: now)
            connection.context = ClientLife(intendedStart: intendedStart, start: now, socketIndex: socketIndex)
            if scenario.abandonsHandshake { vanishing.append(connection) }
        } catch {
            result.outcomes.record(.transportError)
        }
    }

    private func noteStart(after delay: Duration) {
        result.outcomes.scheduled += 1
        guard scenario.pace.concurrency == nil else { return }
        result.startDelay.record(delay)
        if delay > GeneratorUsage.lateStartLimit { result.usage.lateStarts += 1 }
    }

    /// Lets a herd go that was seen whole, a few connections at a time.
    private func closeHerdIfOver() {
        guard herd.isOver else { return }
        for _ in 0..<Self.connectionsPerTurn {
            guard let connection = endpoint.nextLiveConnection() else { return }
            complete(connection)
        }
    }

    /// Ends what is open, and what was never begun, because the user wants the run to end.
    private func cancelEverything() {
        while let connection = endpoint.nextLiveConnection() { finish(connection, .cancelled, politely: true) }
        result.outcomes.record(.cancelled, count: plan.cancel())
    }
}

// MARK: - Turns

extension LoadDriver {
    /// Waits for the next thing to do, and does it.
    private func turn() throws {
        try transmit()
        abandonHandshakes()
        let readable = try sockets.wait(until: nextMoment, now: now)
        now = .now()
        for index in readable { try receive(at: index) }
        if let deadline = endpoint.nextDeadline, deadline <= now { endpoint.expire(at: now) }
        try transmit()
    }

    private var nextMoment: MonotonicInstant {
        // Connections that are left to close do not wait.
        if herd.isOver, endpoint.counts.live > 0 { return now }
        let start = plan.nextStart(at: elapsed, openCount: endpoint.counts.live, herd: herd)
        let moments = [endpoint.nextDeadline, start.map { startTime.advanced(by: $0) }].compactMap(\.self)
        return moments.reduce(now.advanced(by: Self.publishInterval), min)
    }

    private func receive(at index: Int) throws {
        var mayHaveMore = true
        while mayHaveMore {
            var isRefused = false
            (mayHaveMore, isRefused) = try sockets.receive(at: index) { datagram, path, ecn in
                endpoint.receive(datagram, path: path, ecn: ecn, at: now)
            }
            if isRefused { refuseDialing() }
            try transmit()
        }
    }

    private func transmit() throws {
        try sockets.flushWaiting()
        repeat {
            endpoint.transmit(into: batch, at: now)
            if batch.isEmpty { return }
            try sockets.send(batch)
        } while true
    }
}

// MARK: - Results

extension LoadDriver {
    private func publish() {
        publishTime = now.advanced(by: Self.publishInterval)
        let counts = WorkerCounts(
            scheduled: result.outcomes.scheduled,
            dialing: endpoint.counts.handshaking,
            open: endpoint.counts.established,
            closing: endpoint.counts.closing + endpoint.counts.draining,
            established: result.outcomes.established,
            answers: result.traffic.messages,
            completed: result.outcomes.completed,
            failed: result.outcomes.failed
        )
        board.publish(counts, handshake: &latelyHandshake, echo: &latelyEcho)
    }

    private func conclude(cpuBefore: Double) {
        let elapsedSeconds = elapsed / .seconds(1)
        let statistics = sockets.statistics
        result.elapsed = elapsed
        result.traffic.sentBytes = service.sentBytes
        result.traffic.receivedBytes = service.receivedBytes
        if elapsedSeconds > 0 {
            result.usage.busiestWorkerShare = (ProcessUsage.threadCPUSeconds - cpuBefore) / elapsedSeconds
        }
        result.usage.receiveOverflows = statistics.receiveOverflows
        result.usage.sendErrors = statistics.sendErrors
        result.usage.sendOverflows = sockets.sendOverflows
        result.usage.heldBytes = endpoint.ledger.totalUsage.liveBytes
        result.usage.liveConnections = endpoint.counts.live
        result.usage.liveEntries = endpoint.deadlineCount + endpoint.connectionIDCount
    }
}

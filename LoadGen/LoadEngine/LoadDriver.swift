import BoundedMemory
import DatagramIO
import Datagrams
import LoadModel
import QUICEndpoint
import QUICTransport

/// Drives the connections of one run on one thread: starts them on schedule and sees each through to its end.
///
/// Owns: the client endpoint, the sockets, and what it measured (300 KB). Released by: `deinit`.
final class LoadDriver {
    let scenario: LoadScenario
    let endpoint: ClientEndpoint
    let service: LoadService
    private let target: SocketAddress
    private let sockets: ClientSockets
    private let batch = TransmitBatch()
    /// The moment of the turn being handled: one for a whole batch.
    var now = MonotonicInstant.now()
    var outcomes = OutcomeCounts()
    var handshake = LatencyRecorder()
    var echo = LatencyRecorder()
    private let startTime: MonotonicInstant
    private var startedCount = 0
    /// Connections that send their first flight and no more.
    var vanishing: [Connection] = []
    private var meter = RateMeter()
    private var handshakesPerSecond = 0.0

    /// Connections started in a row before arrivals get their turn.
    private static let startsPerTurn = 32
    private static let progressInterval = Duration.milliseconds(100)

    init(scenario: LoadScenario, target: SocketAddress) throws {
        self.scenario = scenario
        self.target = target
        let profile = ApplicationProfile(scenario)
        service = LoadService(
            applicationProtocol: scenario.applicationProtocol,
            profile: profile,
            messageBytes: scenario.messageBytes,
            seed: scenario.seed
        )
        let protocols = try ApplicationProtocols([scenario.applicationProtocol])
        endpoint = ClientEndpoint(
            configuration: Self.configuration(of: scenario, profile),
            tls: try TLSClientContext(protocols: protocols),
            service: service
        )
        sockets = try ClientSockets(count: scenario.sockets, target: target)
        startTime = now
        observe()
    }

    /// Carries the run out.
    func run(
        cancellation: Cancellation,
        onProgress: @Sendable (LoadProgress) -> Void
    ) throws -> LoadResult {
        var reportTime = startTime
        while outcomes.ended < scenario.connections {
            if cancellation.isCancelled { cancelEverything() }
            startDueConnections()
            try turn()
            if now >= reportTime {
                handshakesPerSecond = meter.rate(of: outcomes.established, at: now)
                onProgress(progress)
                reportTime = now.advanced(by: Self.progressInterval)
            }
        }
        // The last close packets are still to be sent.
        try transmit()
        endpoint.removeClosingRecords()
        onProgress(progress)
        return result
    }

    private static func configuration(
        of scenario: LoadScenario,
        _ profile: ApplicationProfile
    ) -> EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeTimeout = scenario.dialTimeout
        configuration.transport.idleTimeout = .seconds(120)
        // A held connection says nothing for as long as the scenario wants.
        configuration.transport.noProgressTimeout = nil
        configuration.transport.acknowledgementTimeout = nil
        configuration.transport.streamWindowBytes = 64 * 1024
        configuration.transport.connectionWindowBytes = 256 * 1024
        configuration.transport.connectionBytesLimit = 1 << 20
        configuration.transport.peerBidirectionalStreams = 0
        configuration.transport.peerUnidirectionalStreams = profile.peerUnidirectionalStreams
        configuration.seed = scenario.seed
        return configuration
    }
}

// MARK: - Turns

extension LoadDriver {
    private func startDueConnections() {
        let due = scenario.schedule.startedCount(after: startTime.duration(to: now), of: scenario.connections)
        let end = min(due, startedCount + Self.startsPerTurn)
        while startedCount < end {
            start(connection: startedCount)
            startedCount += 1
        }
    }

    private func start(connection number: Int) {
        let intendedStart = startTime.advanced(by: scenario.schedule.start(of: number))
        let local = sockets.localAddress(of: number % sockets.count)
        do throws(QUICError) {
            let connection = try endpoint.connect(path: NetworkPath(local: local, remote: target), at: now)
            connection.context = ClientLife(intendedStart: intendedStart)
            if scenario.abandonsHandshake { vanishing.append(connection) }
        } catch {
            outcomes.record(.transportError)
        }
    }

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
        var moments = [now.advanced(by: Self.progressInterval)]
        if let deadline = endpoint.nextDeadline { moments.append(deadline) }
        if startedCount < scenario.connections {
            moments.append(startTime.advanced(by: scenario.schedule.start(of: startedCount)))
        }
        return moments.min() ?? now
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
    private var progress: LoadProgress {
        let counts = endpoint.counts
        return LoadProgress(
            scheduled: startedCount,
            dialing: counts.handshaking,
            established: outcomes.established,
            holding: counts.established,
            finished: outcomes.completed,
            failed: outcomes.failed,
            elapsed: startTime.duration(to: now),
            handshakesPerSecond: handshakesPerSecond
        )
    }

    private var result: LoadResult {
        let usage = ProcessUsage.current()
        return LoadResult(
            outcomes: outcomes,
            handshake: handshake,
            echo: echo,
            elapsed: startTime.duration(to: now),
            generator: GeneratorUsage(
                cpuSeconds: usage.cpuSeconds,
                peakResidentBytes: usage.peakResidentBytes,
                heldBytes: endpoint.ledger.totalUsage.liveBytes,
                liveConnections: endpoint.counts.live
            )
        )
    }

    /// Ends what is open, and what was never begun, because the user wants the run to end.
    private func cancelEverything() {
        while let connection = endpoint.nextLiveConnection() { finish(connection, .cancelled, politely: true) }
        outcomes.record(.cancelled, count: scenario.connections - startedCount)
        startedCount = scenario.connections
    }
}

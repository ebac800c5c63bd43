import BoundedMemory
import DatagramIO
import Datagrams
import LoadModel
import PacketWriter
import QUICEndpoint
import QUICTransport

/// Brings the connections of one cell of an abandon matrix to their point and lets their clients vanish, on one thread.
///
/// Owns: the client endpoint, the sockets, and the last datagrams of the clients. Released by: `deinit`, which closes the
/// sockets.
final class AbandonDriver {
    let scenario: AbandonScenario
    let endpoint: ClientEndpoint
    let sockets: ClientSockets
    let profile: ApplicationProfile
    private let target: SocketAddress
    private let control: RunControl
    private let schedule: ArrivalSchedule
    private let service: AbandonService
    private let batch = TransmitBatch()
    /// Takes the place of ``batch`` where the datagrams of the endpoint are not what is sent.
    private let replacements = TransmitBatch()
    private var lastDatagrams = LastDatagrams()
    private var begun = 0
    private var startTime = MonotonicInstant(nanoseconds: 0)
    var now = MonotonicInstant.now()
    /// Connections that have something to do once the present event is over.
    var acting: [Connection] = []
    var outcomes = OutcomeCounts()

    /// How long the thread sleeps at most.
    private static let napLimit = Duration.milliseconds(100)
    /// Connections begun in a row before arrivals get their turn.
    private static let connectionsPerTurn = 16
    /// What no server speaks: it closes the connections that offer it.
    private static let refusedProtocol = "quic-loadgen-refused"

    init(
        scenario: AbandonScenario,
        target: SocketAddress,
        localAddresses: [SocketAddress],
        control: RunControl
    ) throws {
        self.scenario = scenario
        self.target = target
        self.control = control
        var load = scenario.load
        if scenario.point == .inClosing { load.applicationProtocol = Self.refusedProtocol }
        schedule = load.schedule ?? ArrivalSchedule(ratePerSecond: LoadScenario.ratePerSecondLimit)
        profile = ApplicationProfile(load)
        service = AbandonService(applicationProtocol: load.applicationProtocol)
        var configuration = LoadDriver.configuration(of: load, profile, WorkerShare(index: 0, count: 1))
        // Whoever has closed is gone as well.
        configuration.closingLimit = 0
        endpoint = ClientEndpoint(
            configuration: configuration,
            tls: try LoadDriver.tls(for: load),
            service: service
        )
        sockets = try ClientSockets(
            localAddresses: (0..<load.sockets).map { localAddresses[$0 % localAddresses.count] },
            target: target
        )
        observe()
    }

    private func observe() {
        endpoint.onEstablish = { [unowned self] in didEstablish($0) }
        endpoint.onWake = { [unowned self] in acting.append($0) }
        endpoint.onClose = { [unowned self] in didClose($0, $1) }
        service.onAnswer = { [unowned self] in didAnswer($0, count: $1) }
    }

    /// What the connections left in the generator, and how it kept up.
    var usage: GeneratorUsage {
        var usage = GeneratorUsage()
        let statistics = sockets.statistics
        usage.receiveOverflows = statistics.receiveOverflows
        usage.sendErrors = statistics.sendErrors
        usage.sendOverflows = sockets.sendOverflows
        usage.heldBytes = endpoint.ledger.totalUsage.liveBytes
        usage.liveConnections = endpoint.counts.live
        usage.liveEntries = endpoint.deadlineCount + endpoint.connectionIDCount
        return usage
    }
}

// MARK: - The run

extension AbandonDriver {
    /// Brings every connection to its point or to another end, and sends what goes out last.
    func run() throws {
        now = .now()
        startTime = now
        while begun < total || endpoint.counts.live > 0 {
            if control.isCancelled { cancelEverything() }
            try beginDueConnections()
            try turn()
        }
        try sendLastDatagrams()
    }

    private var total: Int { scenario.load.connections ?? 0 }

    private func beginDueConnections() throws {
        let due = schedule.startedCount(after: startTime.duration(to: now), of: total)
        for _ in 0..<max(0, min(due - begun, Self.connectionsPerTurn)) { try begin() }
    }

    private func begin() throws {
        now = .now()
        let socketIndex = begun % sockets.count
        begun += 1
        outcomes.scheduled += 1
        do throws(QUICError) {
            let path = NetworkPath(local: sockets.localAddress(of: socketIndex), remote: target)
            let connection = try endpoint.connect(path: path, at: now)
            connection.context = AbandonLife(
                phase: scenario.listensFromTheStart ? .listening : .dialing,
                socketIndex: socketIndex,
                deadline: now.advanced(by: scenario.load.dialTimeout + Self.reachTimeout)
            )
            if scenario.point == .halfClientHello { wake(connection, after: Self.silenceOfHalves) }
        } catch {
            outcomes.record(.transportError)
        }
        try transmit()
    }

    private func cancelEverything() {
        outcomes.record(.cancelled, count: total - begun)
        begun = total
        while let connection = endpoint.nextLiveConnection() { fail(connection, .cancelled) }
    }

    private func sendLastDatagrams() throws {
        while !control.isCancelled, lastDatagrams.putNext(into: batch) {
            try sockets.send(batch)
            // A pause for the target to take them out of its socket.
            now = .now()
            let end = now.advanced(by: .milliseconds(1))
            while now < end {
                _ = try sockets.wait(until: end, now: now)
                now = .now()
            }
            try sockets.flushWaiting()
        }
    }
}

// MARK: - Turns

extension AbandonDriver {
    private func turn() throws {
        try transmit()
        let readable = try sockets.wait(until: nextMoment, now: now)
        now = .now()
        for index in readable { try receive(at: index) }
        if let deadline = endpoint.nextDeadline, deadline <= now {
            endpoint.expire(at: now)
            try act()
        }
        try transmit()
    }

    private var nextMoment: MonotonicInstant {
        let start = begun < total ? startTime.advanced(by: schedule.start(of: begun)) : nil
        return [endpoint.nextDeadline, start].compactMap(\.self).reduce(now.advanced(by: Self.napLimit), min)
    }

    private func receive(at index: Int) throws {
        var mayHaveMore = true
        while mayHaveMore {
            var isRefused = false
            var failure: (any Error)?
            (mayHaveMore, isRefused) = try sockets.receive(at: index) { datagram, path, ecn in
                do {
                    if !listen(to: datagram, path) { endpoint.receive(datagram, path: path, ecn: ecn, at: now) }
                    // One after the other: what a client sends last is kept apart from what others send.
                    try act()
                    try transmit()
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            if isRefused { refuseDialing() }
        }
    }

    private func refuseDialing() {
        while let connection = endpoint.nextLiveConnection() {
            if connection.isHandshaking { fail(connection, .refused) }
        }
    }

    func transmit() throws {
        try sockets.flushWaiting()
        repeat {
            endpoint.transmit(into: batch, at: now)
            if batch.isEmpty { return }
            if scenario.point == .halfClientHello { halveClientHellos() }
            try sockets.send(batch)
        } while true
    }

    /// Sends a connection's datagrams later, with those of all others.
    func keepLastDatagrams() {
        repeat {
            endpoint.transmit(into: batch, at: now)
            if batch.isEmpty { return }
            lastDatagrams.take(batch)
        } while true
    }

    private func halveClientHellos() {
        batch.move(into: replacements)
        for entry in replacements.entries {
            let whole = replacements.withBytes(of: entry) { bytes in
                unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            }
            let half = HalfClientHello.instead(of: whole)
            unsafe batch.append(copying: half.span.bytes, path: entry.path, ecn: entry.ecn)
        }
        replacements.removeAll()
    }
}

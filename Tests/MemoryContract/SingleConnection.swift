internal import BoundedMemory
internal import Datagrams
internal import QUICEndpoint
internal import QUICTesting
internal import QUICTransport

/// One connection, alone on its server, which is brought to a state of the contract in virtual time: whatever the server's
/// ledger counts is held for it.
final class SingleConnection {
    /// The connection did not get where it was sent.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What is sent on each stream.
    private static let messageBytes = 64
    /// Longer than anything takes on this network and than ciphers stay that nobody uses, and shorter than every timeout.
    private static let settlingTime = Duration.seconds(4)

    let pair: Pair
    let client: Connection
    /// When the server last received something.
    private(set) var lastArrival: MonotonicInstant
    private var openedStreams = 0
    private var hearsServer = true

    /// The client's first packet is on its way.
    init(seed: UInt64, services: [any StreamService]) throws {
        pair = try Pair(seed: seed, services: services, clientConfiguration: Self.patientClient)
        lastArrival = pair.now
        client = try pair.connect()
        pair.network.admits = { [unowned self] transit in
            guard transit.path.local == Pair.serverAddress else { return hearsServer }
            lastArrival = max(lastArrival, transit.arrival)
            return true
        }
    }

    /// The server's account of everything it holds.
    var ledger: MemoryLedger { pair.server.ledger }

    /// One whose own deadlines do not end the connection first.
    private static var patientClient: EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.transport.noProgressTimeout = nil
        configuration.transport.acknowledgementTimeout = nil
        return configuration
    }
}

// MARK: - States

extension SingleConnection {
    /// Brings a new connection to `state`.
    ///
    /// - Throws: ``Failure`` when it is not there.
    func reach(_ state: ContractState) throws {
        switch state {
        case .halfOpen: try stayHalfOpen()
        case .establishedIdle: try establish()
        case .streamOpen: try openStreams(1)
        case .echoInFlight: try leaveAnEchoUnacknowledged()
        case .echoAcknowledged: try echo()
        case .sixteenStreamsOpen: try openStreams(16)
        case .closing: try closeFromTheServer()
        case .draining: try closeFromTheClient()
        case .gone: try endDraining()
        }
    }

    private func stayHalfOpen() throws {
        pair.run(for: Self.settlingTime) { pair.server.statistics.connections.handshaking == 1 }
        pair.client.abandon(client, at: pair.now)
        pair.run(for: Self.settlingTime)
        try expect(pair.server.statistics.connections.handshaking == 1, "is not half-open")
    }

    private func establish() throws {
        pair.run(for: Self.settlingTime)
        try expect(pair.server.statistics.connections.established == 1, "is not established")
    }

    private func openStreams(_ count: Int) throws {
        try establish()
        for _ in 0..<count { try send(isFinal: false) }
        pair.run(for: Self.settlingTime)
        try expect(server?.streamCount == count, "has not \(count) streams")
        try expect(hasEchoed && unacknowledgedBytes == 0, "has not had its echo acknowledged")
    }

    private func leaveAnEchoUnacknowledged() throws {
        try establish()
        try send(isFinal: true)
        pair.run(for: Self.settlingTime) { unacknowledgedBytes > 0 }
        try expect(unacknowledgedBytes == Self.messageBytes, "has not its echo unacknowledged")
    }

    private func echo() throws {
        try establish()
        try send(isFinal: true)
        pair.run(for: Self.settlingTime)
        try expect(server?.streamCount == 0 && hasEchoed, "has not echoed")
    }

    private func closeFromTheServer() throws {
        try establish()
        pair.server.close(Self.handle, at: pair.now)
        try expect(pair.server.statistics.connections.closing == 1, "is not closing")
    }

    private func closeFromTheClient() throws {
        try establish()
        pair.client.close(client, at: pair.now)
        pair.run(for: Self.settlingTime) { pair.server.statistics.connections.draining == 1 }
        try expect(pair.server.statistics.connections.draining == 1, "is not draining")
    }

    private func endDraining() throws {
        try closeFromTheClient()
        pair.run(for: Self.settlingTime)
        try expect(pair.server.statistics.connections.draining == 0, "is still draining")
    }

    private func send(isFinal: Bool) throws {
        let message = [UInt8](repeating: 0x61, count: Self.messageBytes)
        let stream = try client.openStream()
        openedStreams += 1
        try stream.write(message)
        if isFinal { stream.finish() }
        pair.client.touch(client)
    }

    /// The first connection of a server.
    private static let handle = ConnectionHandle(index: 0, generation: 1)
    private var server: Connection? { pair.server.connection(Self.handle) }

    private var hasEchoed: Bool { ledger.usage(of: .rings).peakBytes > 0 }

    /// What the server has written to its streams and the client has not acknowledged.
    private var unacknowledgedBytes: Int {
        // RFC 9000 §2.1: every fourth number is that of a stream the client opened for both directions.
        let streams = (0..<openedStreams).compactMap { server?.stream(StreamID(Int64(4 * $0))) }
        return streams.reduce(0) { $0 + Int($1.unacknowledgedBytes) }
    }

    private func expect(_ holds: Bool, _ failure: String) throws(Failure) {
        if !holds { throw Failure(description: "the connection \(failure): \(pair.server.statistics)") }
    }
}

// MARK: - Ends

extension SingleConnection {
    /// Longer than every deadline of the defaults.
    private static let patience = Duration.seconds(120)

    /// Lets a new connection end, and says how long the server held something for it after that.
    ///
    /// - Throws: ``Failure`` when it ended otherwise, or not at all.
    func timeToReturn(by end: ContractEnd) throws -> Duration {
        let start = try begin(end)
        pair.run(for: Self.patience) { pair.server.statistics.hasReturned }
        try expect(pair.server.statistics.hasReturned, "has not returned everything")
        try expect(pair.serverCloses.map(\.label) == [end.rawValue], "ended by \(pair.serverCloses)")
        return start.duration(to: pair.now)
    }

    /// Brings about the end, and says from when on its time counts.
    private func begin(_ end: ContractEnd) throws -> MonotonicInstant {
        switch end {
        case .handshakeTimeout:
            try reach(.halfOpen)
        case .idleTimeout:
            try reach(.establishedIdle)
            pair.client.abandon(client, at: pair.now)
        case .acknowledgementSilence:
            try reach(.echoInFlight)
            let echo = lastArrival
            hearsServer = false
            client.keepAlive(every: .seconds(1))
            pair.client.touch(client)
            return echo
        case .noProgress:
            try reach(.echoAcknowledged)
            let lastByte = lastArrival
            client.keepAlive(every: .seconds(5))
            pair.client.touch(client)
            return lastByte
        case .localClose:
            try reach(.closing)
            return pair.now
        case .peerClose:
            try reach(.draining)
        case .shutdown:
            try reach(.establishedIdle)
            pair.server.shutDown()
            return pair.now
        }
        return lastArrival
    }
}

internal import BoundedMemory
internal import Datagrams
package import QUICEndpoint
package import QUICTransport

/// A server and many clients that share one link in each direction, in virtual time.
package final class SharedBottleneck {
    /// How many clients there are, and the network between them and the server.
    package struct Settings: Sendable {
        /// Connections, one a client.
        package var connections: Int
        /// The round trip of an empty link.
        package var roundTrip = Duration.milliseconds(50)
        /// The rate of all connections together, in each direction. Default: 1 Mbit/s for each.
        package var bitsPerSecond: Int
        /// Bytes that may wait in each direction, the last quarter with a chance to be dropped. Default: what the link
        /// carries in a round trip.
        package var queueBytesLimit: Int
        /// The least time between two turns of the server. Default: about twenty-five datagrams at 1 Gbit/s.
        package var tick = Duration.microseconds(250)
        /// The server's.
        package var server = EndpointConfiguration()
        /// The clients'. Default: windows that hold no server back.
        package var client = EndpointConfiguration()

        /// So many clients, 50 ms away.
        package init(connections: Int) {
            self.connections = connections
            bitsPerSecond = connections * 1_000_000
            queueBytesLimit = bitsPerSecond / 8 / 20
            client.transport.connectionBytesLimit = 64 << 20
            client.transport.streamWindow = .fixed(1 << 20)
            client.transport.connectionWindow = .fixed(1 << 20)
        }
    }

    /// Server, clients and network.
    package let pair: Pair
    private let settings: Settings
    private var connections: [Connection] = []
    private var generator: SeededGenerator

    /// Connects the clients, and waits until nothing of their handshakes is under way.
    ///
    /// - Parameter services: The server's; they have to answer what a ``Transfer`` asks for.
    /// - Throws: ``SimulationFailure`` when a handshake is not complete by then.
    package init(seed: UInt64, services: [any StreamService], settings: Settings) throws {
        self.settings = settings
        generator = SeededGenerator(seed: seed)
        var conditions = SimulatedNetwork.Conditions()
        conditions.latency = settings.roundTrip / 2
        pair = try Pair(
            seed: seed,
            services: services,
            clientProtocols: services.map(\.applicationProtocol),
            configuration: settings.server,
            clientConfiguration: settings.client,
            clientService: TransferClient(),
            conditions: conditions
        )
        let link = SharedLink(
            bitsPerSecond: settings.bitsPerSecond,
            queueBytesLimit: settings.queueBytesLimit,
            discipline: .randomEarly(seed: seed)
        )
        pair.network.bottleneck = SimulatedNetwork.Bottleneck(server: Pair.serverAddress, link)
        pair.tick = settings.tick
        for _ in 0..<settings.connections {
            connections.append(try pair.connect())
            pair.run(for: .microseconds(200))
        }
        pair.run(for: .seconds(2))
        let established = pair.server.statistics.connections.established
        guard connections.allSatisfy({ $0.state == .established }), established == settings.connections else {
            throw SimulationFailure("\(established) of \(settings.connections) handshakes are complete")
        }
    }

    /// Begins one transfer on each connection within one round trip, runs until all have ended, or for two minutes, and then
    /// for ten seconds more.
    ///
    /// - Throws: When the server's stream limit does not allow another stream.
    package func transfer(_ kind: Transfer.Kind, bytesEach: Int) throws -> SharingReport {
        var report = SharingReport()
        report.heldBytesBefore = pair.server.ledger.totalUsage.liveBytes
        report.mostHeldByOneBefore = mostHeldByOne
        let linksBefore = pair.network.bottleneck
        let begin = pair.now
        let transfers = try beginTransfers(kind, bytesEach: bytesEach)
        let patience = begin.advanced(by: .seconds(120))
        while pair.now < patience, transfers.contains(where: { !$0.hasEnded }) { pair.run(for: .milliseconds(20)) }
        report.add(transfers, since: begin)
        if let linksBefore, let links = pair.network.bottleneck { report.add(links, since: linksBefore) }
        report.peakBytes = pair.server.ledger.totalUsage.peakBytes
        pair.run(for: .seconds(10))
        report.heldBytesAfter = pair.server.ledger.totalUsage.liveBytes
        report.mostHeldByOneAfter = mostHeldByOne
        let connections = pair.server.reports(at: pair.now)
        report.largestWindowAfter = connections.map(\.windowBytes).max() ?? 0
        report.mostBorrowedAfter = connections.map { max(0, $0.borrowedBytes - $0.retainedBytes) }.max() ?? 0
        report.closes = pair.serverCloses + pair.clientCloses
        return report
    }

    /// Closes all connections, and waits until the server has forgotten them.
    package func end() {
        for connection in connections { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(60))
    }

    private func beginTransfers(_ kind: Transfer.Kind, bytesEach: Int) throws -> [Transfer] {
        let share = settings.roundTrip / connections.count
        return try connections.map { connection in
            let transfer = try pair.begin(kind, bytes: bytesEach, on: connection)
            pair.run(for: share * Double.random(in: 0...2, using: &generator))
            return transfer
        }
    }

    /// What the connection that holds most holds at the server.
    private var mostHeldByOne: Int {
        pair.server.reports(at: pair.now).map { $0.liveBytes.values.reduce(0, +) }.max() ?? 0
    }
}

internal import BoundedMemory
internal import Datagrams
internal import PacketWriter
package import QUICEndpoint
package import QUICTransport

/// Hostile clients, one after the other, that change their address all the time while they use up connection IDs, and answer
/// the challenges they get or do not: all of it from a seed.
///
/// The process ends where the server lets ngtcp2 follow what it does not survive.
package struct PathChurn {
    /// The packets made by hand.
    package private(set) var sentPackets = 0
    /// Changes of a client's address that the server followed.
    package private(set) var followedChanges = 0
    private let configuration: EndpointConfiguration
    private let services: [any StreamService]
    private var generator: SeededGenerator

    private static let packetsPerClient = 48

    package init(seed: UInt64, services: [any StreamService], configuration: EndpointConfiguration) {
        generator = SeededGenerator(seed: seed)
        self.services = services
        self.configuration = configuration
    }

    /// Lets `count` clients do their worst.
    ///
    /// - Throws: ``SimulationFailure`` when one of them does not get a connection, or the server keeps something of it.
    package mutating func run(clients count: Int) throws {
        for _ in 0..<count { try runClient() }
    }

    private mutating func runClient() throws {
        let seed = UInt64.random(in: .min ... .max, using: &generator)
        let pair = try Pair(seed: seed, services: services, configuration: configuration)
        guard let client = try HostileClient(pair: pair) else { throw SimulationFailure("no connection, seed \(seed)") }
        var actor = Actor(client: client)
        var place = pair.server.reports(at: pair.now).first?.path
        for _ in 0..<Self.packetsPerClient where pair.server.statistics.connections.live > 0 {
            actor.act(using: &generator)
            sentPackets += 1
            let newPlace = pair.server.reports(at: pair.now).first?.path
            if let newPlace, newPlace != place { followedChanges += 1 }
            place = newPlace ?? place
        }
        pair.run(for: .seconds(200))
        let left = pair.server.ledger.totalUsage.liveBytes
        guard left == 0 else { throw SimulationFailure("\(left) bytes are left, seed \(seed)") }
    }
}

// MARK: - One client

extension PathChurn {
    /// One client and its script.
    private struct Actor {
        private let client: HostileClient
        private let addresses: [SocketAddress]
        private var script = PathChurnScript(longestPause: .seconds(4))
        private var heardCount = 0

        init(client: HostileClient) {
            self.client = client
            addresses =
                [client.address]
                + (1..<UInt16(PathChurnScript.addressCount)).map {
                    SocketAddress(ipv4: 203, 0, 113, UInt8($0), port: 5_000 + $0)
                }
        }

        mutating func act(using generator: inout SeededGenerator) {
            for packet in client.heard.dropFirst(heardCount) { script.hear(ServerFrames(packet.payload)) }
            heardCount = client.heard.count
            let packet = script.next(acknowledging: client.acknowledgement, using: &generator)
            if packet.awaitsAnswer {
                client.send(packet.frames, from: addresses[packet.address], to: packet.destination)
            } else {
                client.push(packet.frames, from: addresses[packet.address])
            }
            client.pair.run(for: packet.pause)
        }
    }
}

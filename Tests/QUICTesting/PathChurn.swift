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
    private static let addressCount = 4

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
        var script = Script(client: client)
        var place = pair.server.reports(at: pair.now).first?.path
        for _ in 0..<Self.packetsPerClient where pair.server.statistics.connections.live > 0 {
            script.act(using: &generator)
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
    /// One client: its state so far, and its choice of the next packet.
    private struct Script {
        let client: HostileClient
        private let addresses: [SocketAddress]
        private var heardCount = 0
        private var challenges: [[UInt8]] = []
        private var serverIDs: [UInt64: [UInt8]] = [:]
        private var nextNumber: UInt64
        /// The first number of those that were skipped.
        private var staleNumber: UInt64?
        private var streamOffset: UInt64 = 0
        /// The server's connection ID in the packet that is being made; nil for its first one.
        private var destination: [UInt8]?

        /// The client itself may have issued so many.
        private static let firstNumber: UInt64 = 8
        private static let pauses: [Duration] = [
            .zero, .zero, .zero, .milliseconds(1), .milliseconds(50), .milliseconds(300), .seconds(1), .seconds(4),
        ]

        init(client: HostileClient) {
            self.client = client
            nextNumber = Self.firstNumber
            addresses =
                [client.address]
                + (1..<UInt16(PathChurn.addressCount)).map {
                    SocketAddress(ipv4: 203, 0, 113, UInt8($0), port: 5_000 + $0)
                }
        }

        mutating func act(using generator: inout SeededGenerator) {
            listen()
            let source = generator.chance(40) ? addresses[0] : addresses.randomElement(using: &generator)
            let ids = serverIDs.values.sorted { $0.lexicographicallyPrecedes($1) }
            destination = generator.chance(60) ? nil : ids.randomElement(using: &generator)
            var frames: [UInt8] = []
            for _ in 0...Int.random(in: 0...2, using: &generator) { frames += frame(using: &generator) }
            if generator.chance(80) {
                client.send(frames, from: source, to: destination)
            } else {
                client.push(frames, from: source)
            }
            client.pair.run(for: Self.pauses.randomElement(using: &generator) ?? .zero)
        }

        private mutating func listen() {
            for packet in client.heard.dropFirst(heardCount) {
                let frames = ServerFrames(packet.payload)
                challenges += frames.pathChallenges
                serverIDs.merge(frames.connectionIDs) { first, _ in first }
            }
            heardCount = client.heard.count
        }

        private mutating func frame(using generator: inout SeededGenerator) -> [UInt8] {
            switch Int.random(in: 0..<24, using: &generator) {
            case 0..<6: return Frame.ping
            case 6..<12: return client.acknowledgement + Frame.ping
            case 12: return newConnectionIDs(.random(in: 12...17, using: &generator), using: &generator)
            case 13: return newConnectionIDs(3, using: &generator) + Frame.ping
            case 14: return skipConnectionIDs()
            case 21, 22: return staleConnectionIDs(.random(in: 10...17, using: &generator)) + Frame.ping
            case 15: return retireConnectionID(using: &generator)
            case 16..<20: return challenges.popLast().map(Frame.pathResponse) ?? Frame.ping
            case 20: return Frame.pathChallenge([UInt8](repeating: 7, count: 8))
            default:
                defer { streamOffset += 100 }
                return Frame.stream(0, offset: streamOffset, [UInt8](repeating: 7, count: 100))
            }
        }

        // RFC 9000 §19.16: the sequence number MUST NOT refer to the Destination Connection ID field of the packet in which
        // the frame is contained. That one comes later, where it was retired before it is used.
        private mutating func retireConnectionID(using generator: inout SeededGenerator) -> [UInt8] {
            guard let number = serverIDs.keys.min(), serverIDs[number] != destination else { return Frame.ping }
            serverIDs[number] = nil
            return Frame.retireConnectionID(number)
        }

        /// RFC 9000 §19.15: Retire Prior To asks the server to retire those before; each of ours asks for nearly all.
        private mutating func newConnectionIDs(_ count: Int, using generator: inout SeededGenerator) -> [UInt8] {
            // Those before the latest, or before the one before it.
            let lag: UInt64 = generator.chance(50) ? 0 : 1
            return (0..<count).flatMap { _ -> [UInt8] in
                defer { nextNumber += 1 }
                return connectionID(nextNumber, retiringBefore: nextNumber - lag)
            }
        }

        /// One that leaves room for many that are late.
        private mutating func skipConnectionIDs() -> [UInt8] {
            staleNumber = nextNumber
            nextNumber += 200
            defer { nextNumber += 1 }
            return connectionID(nextNumber, retiringBefore: nextNumber)
        }

        /// RFC 9000 §19.15: an endpoint that receives one with a sequence number smaller than the Retire Prior To field of a
        /// previous one MUST send RETIRE_CONNECTION_ID at once.
        private mutating func staleConnectionIDs(_ count: Int) -> [UInt8] {
            guard let first = staleNumber else { return [] }
            staleNumber = first + UInt64(count)
            return (0..<UInt64(count)).flatMap { connectionID(first + $0, retiringBefore: 0) }
        }

        private func connectionID(_ number: UInt64, retiringBefore: UInt64) -> [UInt8] {
            let id = (0..<12).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 4))) ^ UInt8($0) }
            return Frame.newConnectionID(number, retiringBefore: retiringBefore, id, token: id + [1, 2, 3, 4])
        }
    }
}

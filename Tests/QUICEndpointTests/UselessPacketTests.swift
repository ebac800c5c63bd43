import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Clients whose packets bring nothing are closed, and no honest one is.
@Suite struct UselessPacketTests {
    private static let hostileHandle = ConnectionHandle(index: 0, generation: 1)
    /// A fiftieth of what the lower limit of the defaults is.
    private static let limit = 200

    private func pair(
        _ services: [any StreamService] = [EchoService()],
        clientProtocols: [String] = ["echo"],
        conditions: SimulatedNetwork.Conditions = .init(),
        limit: Int? = limit
    ) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.transport.uselessPacketsPerSecond = limit.map { 5 * $0 }
        configuration.transport.uselessPacketsPerSecondWhenBusy = limit
        return try Pair(
            seed: 1,
            services: services,
            clientProtocols: clientProtocols,
            configuration: configuration,
            clientConfiguration: EchoTests.generousClient,
            conditions: conditions
        )
    }

    /// How many packets with these frames the server takes at one moment.
    private func packetsTaken(by pair: Pair, _ frames: (UInt64) -> [UInt8]) throws -> Int {
        let client = try #require(try HostileClient(pair: pair))
        for number in 0..<2_000 {
            client.send(frames(UInt64(number)))
            if pair.server.connection(Self.hostileHandle) == nil {
                #expect(pair.serverCloses == [.uselessPackets])
                return number + 1
            }
        }
        return 2_000
    }

    // RFC 9000 §21.9: peer denial of service by messages that cost more than they bring.
    @Test(arguments: [false, true])
    func aFloodOfPingsEndsAtTheLimitAndSoonerAtABusyServer(isBusy: Bool) throws {
        let pair = try pair()
        pair.server.isBusy = isBusy
        let taken = try packetsTaken(by: pair) { _ in Frame.ping }
        let limit = isBusy ? Self.limit : 5 * Self.limit
        #expect((limit...limit + 20).contains(taken), "\(taken)")
        pair.run(for: .seconds(40))
        expectEverythingReturned(pair)
    }

    @Test func creditAndBytesThatCameBeforeBringNothing() throws {
        for frames in [Frame.maximumData(1 << 20), Frame.stream(0, [1, 2, 3])] {
            let pair = try pair()
            pair.server.isBusy = true
            let taken = try packetsTaken(by: pair) { _ in frames }
            #expect(taken <= Self.limit + 20, "\(frames): \(taken)")
        }
    }

    @Test func fullPacketsEndNothing() throws {
        let pair = try pair()
        pair.server.isBusy = true
        let client = try #require(try HostileClient(pair: pair))
        for number in UInt64(0)..<12 {
            client.send(Frame.stream(0, offset: 1_000 * number, [UInt8](repeating: 7, count: 1_000)))
            // What a packet brings makes up for thirty that bring nothing.
            for _ in 0..<30 { client.send(Frame.ping) }
        }
        #expect(pair.server.connection(Self.hostileHandle) != nil)
    }

    /// Anyone can send such packets in the client's name.
    @Test func packetsThatTheKeysDoNotOpenDoNotCount() throws {
        let pair = try pair()
        pair.server.isBusy = true
        var packet: [UInt8] = []
        pair.network.admits = { transit in
            if transit.path.local == Pair.serverAddress, transit.bytes[0] & 0x80 == 0 { packet = transit.bytes }
            return true
        }
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send([1], on: connection)
        pair.run(for: .seconds(1)) { pair.recorder.received(on: connection, stream).isComplete }
        let address = try #require(connection.path).local
        for number in 0..<2_000 {
            var forged = packet
            forged[forged.count - 1] ^= UInt8(truncatingIfNeeded: number | 1)
            pair.inject(forged, from: address)
        }
        pair.run(for: .milliseconds(100))
        #expect(pair.server.statistics.connections.established == 1)
    }

    @Test(arguments: 0..<EchoTests.networks.count)
    func anEchoOfAMegabyteEndsNothingOnAnyNetwork(network: Int) throws {
        let pair = try pair(conditions: EchoTests.networks[network].1)
        pair.server.isBusy = true
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(message(of: 1 << 20, seed: 1), on: connection)
        pair.run(for: .seconds(300)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 1 << 20)
        #expect(pair.serverCloses == [])
    }

    @Test func aDownloadThatIsOnlyAcknowledgedEndsNothing() throws {
        let pair = try pair([HQInteropService()], clientProtocols: ["hq-interop"])
        pair.server.isBusy = true
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(Array("GET /1000000\r\n".utf8), on: connection)
        pair.run(for: .seconds(300)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 1_000_000)
        #expect(pair.serverCloses == [])
    }

    @Test func smallMessagesOnStreamsOfTheirOwnEndNothing() throws {
        let pair = try pair()
        pair.server.isBusy = true
        let connection = try #require(try pair.connectAndEstablish())
        for _ in 0..<1_000 {
            let stream = try pair.send([1], on: connection)
            pair.run(for: .seconds(1)) { pair.recorder.received(on: connection, stream).isComplete }
        }
        #expect(pair.serverCloses == [])
    }

    /// Five thousand bytes a second, each in a packet of its own. After a loss everything is ahead of a gap for a while.
    @Test(arguments: [
        (SimulatedNetwork.Conditions(), Optional(limit)),
        (
            SimulatedNetwork.Conditions(latency: .milliseconds(25), jitter: .zero, loss: 0.01, duplication: 0.01),
            TransportConfiguration().uselessPacketsPerSecondWhenBusy
        ),
    ])
    func tinyMessagesOnOneStreamEndNothing(conditions: SimulatedNetwork.Conditions, limit: Int?) throws {
        let pair = try pair(conditions: conditions, limit: limit)
        pair.server.isBusy = true
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream()
        let byte: [UInt8] = [7]
        for _ in 0..<10_000 {
            try stream.write(byte)
            pair.client.touch(connection)
            pair.run(for: .microseconds(200))
        }
        pair.run(for: .seconds(20)) { pair.recorder.received(on: connection, stream.id).bytes.count == 10_000 }
        #expect(pair.recorder.received(on: connection, stream.id).bytes.count == 10_000)
        #expect(pair.server.statistics.received.datagrams > 2_000)
        #expect(pair.serverCloses == [])
    }

    @Test func manySmallMessagesAtOnceEndNothing() throws {
        let pair = try pair()
        pair.server.isBusy = true
        let connection = try #require(try pair.connectAndEstablish())
        for round in UInt64(0)..<200 {
            let streams = try (0..<8).map {
                try pair.send(message(of: 40, seed: 100 * round + UInt64($0)), on: connection)
            }
            pair.run(for: .seconds(1)) { streams.allSatisfy { pair.recorder.received(on: connection, $0).isComplete } }
            // Until the server has heard of that, and allows as many streams again.
            pair.run(for: .milliseconds(40))
        }
        #expect(pair.serverCloses == [])
    }

    /// Every packet of a download acknowledged in a packet of its own, as some clients do.
    @Test func aDownloadAcknowledgedPacketByPacketEndsNothing() throws {
        let pair = try pair([HQInteropService()], clientProtocols: ["hq-interop"])
        pair.server.isBusy = true
        let client = try #require(try HostileClient(pair: pair))
        client.send(Frame.stream(0, Array("GET /200000\r\n".utf8), isFinal: true))
        var answered = 0
        for _ in 0..<1_000 {
            while answered < client.heard.count {
                let number = UInt64(client.heard[answered].number)
                client.send(Frame.acknowledgement(number...number))
                answered += 1
            }
            pair.run(for: .milliseconds(1))
        }
        #expect(answered > 150)
        #expect(pair.serverCloses == [])
    }

    @Test func keepingAliveEndsNothing() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.noProgressTimeout = nil
        let pair = try Pair(seed: 1, services: [EchoService()], configuration: configuration)
        pair.server.isBusy = true
        let connection = try #require(try pair.connectAndEstablish())
        connection.keepAlive(every: .milliseconds(100))
        pair.client.touch(connection)
        pair.run(for: .seconds(50))
        #expect(pair.serverCloses == [])
    }
}

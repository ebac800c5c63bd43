import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Hostile peers: each is ended by what was meant to end it, within its bytes, and honest ones notice nothing.
@Suite struct AttackTests {
    private static func attacker(_ number: Int) -> SocketAddress {
        SocketAddress(ipv4: 203, 0, UInt8(number / 250), UInt8(number % 250 + 1), port: 4_000)
    }

    /// One-byte CRYPTO frames 8 KiB apart make ngtcp2 hold a chunk of 8 KiB for each.
    private static func spray(_ round: Int) -> [UInt8] {
        (1...9).flatMap { Frame.crypto(offset: UInt64($0 * 8_000 - round), [0x55]) }
    }

    /// How many CRYPTO bytes of such a beginning the server takes, in order, before it has had enough.
    private func cryptoBytesTaken(startingWith beginning: [UInt8]) throws -> Int {
        let pair = try Pair(seed: 1, services: [EchoService()])
        var writer = InitialPacketWriter(seed: 7)
        let bytes = beginning + [UInt8](repeating: 0x55, count: 40_000)
        var sent = 0
        while sent < 40_000, pair.serverCloses.isEmpty {
            let frame = Frame.crypto(offset: UInt64(sent), Array(bytes[sent..<(sent + 1_000)]))
            pair.inject(writer.datagram(frame), from: Self.attacker(1))
            sent += 1_000
        }
        #expect(pair.serverCloses.count == 1)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
        return sent
    }

    // RFC 9001 §4.3: large TLS messages are a way to make a server hold state.
    @Test(arguments: [[1, 0xff, 0xff, 0xff], [1, 0x20, 0x01, 0], [1, 0, 0x80, 0]] as [[UInt8]])
    func aHelloWithoutEndIsNotKept(beginning: [UInt8]) throws {
        #expect(try cryptoBytesTaken(startingWith: beginning) <= 18_000)
    }

    @Test(arguments: [RetryPolicy.never, .auto])
    func aCryptoSprayStaysWithinTheHandshakeLimitAndHonestClientsEcho(policy: RetryPolicy) throws {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = policy
        let pair = try Pair(seed: 1, services: [EchoService()], configuration: configuration)
        let honest = try #require(try pair.connectAndEstablish())
        var ids = ConnectionIDSource(workerIndex: 0, seed: 7)
        var writers = (0..<1_000).map { _ in
            InitialPacketWriter(destination: ids.makeInitialDestination(), source: ids.makeInitialDestination())
        }
        let limit = configuration.transport.handshakeBytesLimit
        for round in 0..<50 {
            for number in writers.indices {
                pair.inject(writers[number].datagram(Self.spray(round)), from: Self.attacker(number))
                let statistics = pair.server.statistics
                let transport = try #require(statistics.ledger[.transport]).liveBytes
                #expect(transport <= statistics.connections.live * limit)
            }
            let stream = try pair.send([1, 2, 3], on: honest)
            pair.run(for: .milliseconds(100))
            #expect(pair.recorder.received(on: honest, stream).bytes == [1, 2, 3], "round \(round)")
        }
        let counts = pair.server.statistics.connections
        #expect(counts.budgetExceeded[.handshake, default: 0] > 0)
        #expect(counts.created - 1 == counts.budgetExceeded[.handshake])
        pair.client.close(honest, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// Random frames in well-protected packets, most of them such as the protocol allows.
@Suite struct FrameFuzzTests {
    private static let protocols = ["echo", "hq-interop", "h3"]

    @Test(arguments: testSeeds)
    func noSequenceOfFramesLeavesAnythingBehindOrExceedsTheLimits(seed: UInt64) throws {
        for round in 0..<UInt64(20) {
            var generator = SeededGenerator(seed: seed &+ round &* 1_000_003)
            try attack(using: &generator, "seed \(seed), round \(round)")
        }
    }

    private func attack(using generator: inout SeededGenerator, _ name: Comment) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.peerUnidirectionalStreams = 3
        var clientConfiguration = EndpointConfiguration()
        let sendsDatagrams = generator.chance(50)
        if sendsDatagrams {
            configuration.transport.datagramFrameBytesLimit = 65_535
            clientConfiguration.transport.datagramFrameBytesLimit = 65_535
            // The rings are bounded as it is without them.
            configuration.transport.queuedDatagramBytes = 8 * 1024
        }
        let pair = try Pair(
            seed: generator.next(),
            services: [EchoService(), HQInteropService(), HTTP3FetchService()],
            clientProtocols: [Self.protocols[Int.random(in: 0..<3, using: &generator)]],
            configuration: configuration,
            clientConfiguration: clientConfiguration
        )
        let client = try #require(try HostileClient(pair: pair), name)
        let handle = ConnectionHandle(index: 0, generation: 1)
        var fuzzer = FrameFuzzer(client: client, sendsDatagrams: sendsDatagrams, generator: generator)
        for _ in 0..<300 {
            guard let connection = pair.server.connection(handle) else { break }
            fuzzer.sendPacket()
            pair.run(for: .milliseconds(Int64.random(in: 0...20, using: &generator)))
            #expect(connection.streamCount <= 16 + 3, name)
            #expect(connection.sourceConnectionIDs.count <= 10, name)
            #expect(connection.peerResetTokens.count <= 16, name)
            #expect(connection.account.liveBytes(of: .transport) <= 458 * 1024, name)
            #expect(connection.account.liveBytes(of: .rings) <= 100 * 1024, name)
            #expect(pair.server.statistics.connectionIDs <= 10, name)
        }
        pair.run(for: .seconds(3_600))
        #expect(pair.serverCloses.count == 1, name)
        expectEverythingReturned(pair)
    }
}

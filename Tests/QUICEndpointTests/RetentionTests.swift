import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// What ngtcp2's pools keep of streams that are closed.
@Suite struct RetentionTests {
    /// A client that sends a message on each of 16 streams at once, and is done with them.
    private func burst(limit: Int?) throws -> (Pair, Connection, [StreamID]) {
        var configuration = EndpointConfiguration()
        configuration.transport.retainedBytesLimit = limit
        let pair = try Pair(
            seed: 1,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: EchoTests.generousClient
        )
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.retainedBytes == 0)
        let streams = try (0..<16).map { try pair.send(message(of: 4_000, seed: $0), on: connection) }
        pair.run(for: .seconds(2))
        return (pair, connection, streams)
    }

    @Test func whatABurstOfStreamsLeavesBehindIsReported() throws {
        let (pair, connection, _) = try burst(limit: nil)
        let report = try #require(pair.server.reports(at: pair.now).first)
        #expect(report.streamCount == 0)
        #expect((8_192...65_536).contains(report.retainedBytes), "\(report.retainedBytes)")
        #expect(pair.server.statistics.retainedBytes == report.retainedBytes)
        // The next streams use the same memory: once the pools have the most they need they grow no more.
        var retained: [Int] = []
        for _ in 0..<10 {
            for seed in 0..<16 { _ = try pair.send(message(of: 4_000, seed: UInt64(seed)), on: connection) }
            pair.run(for: .seconds(2))
            retained.append(pair.server.statistics.retainedBytes)
        }
        #expect(Set(retained.dropFirst()).count == 1, "\(retained)")
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aConnectionThatKeepsMoreThanItMayIsClosedWhenItsLastStreamIs() throws {
        let (pair, connection, streams) = try burst(limit: 8_192)
        #expect(pair.serverCloses == [.retainedMemory])
        #expect(pair.clientCloses == [.peerClose])
        // Not before: each of the streams was echoed to its end.
        #expect(streams.allSatisfy { pair.recorder.received(on: connection, $0).isComplete })
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aConnectionWithinTheLimitLives() throws {
        let (pair, _, _) = try burst(limit: 96 * 1_024)
        #expect(pair.serverCloses.isEmpty)
        #expect(pair.server.statistics.connections.established == 1)
    }

    /// A client may send its first streams in the datagram that completes the handshake.
    @Test func whatTheFirstStreamsLeaveBehindCountsToo() throws {
        let pair = try Pair(
            seed: 2,
            services: [EchoService()],
            clientConfiguration: EchoTests.generousClient
        )
        pair.client.onEstablish = { connection in
            for seed in 0..<16 {
                guard let stream = try? connection.openStream() else { return }
                try? stream.write(message(of: 4_000, seed: UInt64(seed)))
                stream.finish()
            }
        }
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(2))
        let report = try #require(pair.server.reports(at: pair.now).first)
        #expect(report.streamCount == 0)
        #expect((6_000...65_536).contains(report.retainedBytes), "\(report.retainedBytes)")
    }
}

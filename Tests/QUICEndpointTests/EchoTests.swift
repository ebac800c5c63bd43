import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

@Suite struct EchoTests {
    /// What a stream must survive, and what it is called.
    static let networks: [(String, SimulatedNetwork.Conditions)] = [
        ("clean", .init()),
        ("loss", .init(jitter: .zero, loss: 0.05, duplication: 0)),
        ("reordering", .init(jitter: .milliseconds(10), loss: 0, duplication: 0)),
        ("duplication", .init(jitter: .zero, loss: 0, duplication: 0.3)),
        ("everything", .init(jitter: .milliseconds(8), loss: 0.03, duplication: 0.1)),
    ]

    /// A client that may send and receive a megabyte at once.
    static var generousClient: EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.transport.streamWindow = .fixed(2 << 20)
        configuration.transport.connectionWindow = .fixed(4 << 20)
        configuration.transport.connectionBytesLimit = 16 << 20
        return configuration
    }

    @Test(arguments: 0..<networks.count, [UInt64(11), 12, 13])
    func oneMebibyteComesBackInOrder(network: Int, seed: UInt64) throws {
        let pair = try Pair(
            seed: seed,
            services: [EchoService()],
            clientConfiguration: Self.generousClient,
            conditions: Self.networks[network].1
        )
        let connection = try #require(try pair.connectAndEstablish(), "seed \(seed)")
        let sent = message(of: 1 << 20, seed: seed)
        let stream = try pair.send(sent, on: connection)
        pair.run(for: .seconds(300)) { pair.recorder.received(on: connection, stream).isComplete }
        let received = pair.recorder.received(on: connection, stream)
        #expect(received.isComplete, "seed \(seed), \(Self.networks[network].0): \(received.bytes.count) bytes")
        // An expectation of two long arrays would look for their differences for minutes.
        let isEcho = received.bytes == sent
        #expect(isEcho)
        pair.run(for: .milliseconds(500))
        #expect(pair.server.statistics.ledger[.rings]?.liveBytes == 0)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func whatAnEchoHoldsIsBoundedByTheStreamWindow() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.streamWindow = .fixed(16_384)
        let pair = try Pair(
            seed: 5,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: Self.generousClient
        )
        let connection = try #require(try pair.connectAndEstablish())
        _ = try pair.send(message(of: 1 << 20, seed: 5), on: connection)
        pair.run(for: .seconds(10))
        let rings = try #require(pair.server.statistics.ledger[.rings])
        #expect(rings.peakBytes > 8_192)
        #expect(rings.peakBytes <= 16_384 + 2 * 4_096 + 1_024)
    }

    // ngtcp2 aborts when it is given an earlier time than before.
    @Test func aClockThatRunsBackwardsNeverReachesTheTransport() throws {
        let pair = try Pair(seed: 6, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let sent = message(of: 5_000, seed: 6)
        let stream = try pair.send(sent, on: connection)
        let batch = TransmitBatch()
        let earlier = pair.now.advanced(by: .seconds(-5))
        pair.client.transmit(into: batch, at: pair.now)
        #expect(batch.entries.count > 1)
        for entry in batch.entries {
            batch.withBytes(of: entry) {
                pair.server.receive($0, path: entry.path.reversed, ecn: entry.ecn, at: earlier)
            }
        }
        pair.server.expire(at: earlier)
        batch.removeAll()
        pair.server.transmit(into: batch, at: earlier)
        #expect(!batch.isEmpty)
        // What was in the batch is lost, and repeated.
        pair.run(for: .seconds(10)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == sent)
    }

    @Test func severalStreamsKeepTheirBytesApart() throws {
        let pair = try Pair(seed: 6, services: [EchoService()], clientConfiguration: Self.generousClient)
        let connection = try #require(try pair.connectAndEstablish())
        let messages = (0..<16).map { message(of: 1_000 * ($0 + 1), seed: UInt64($0)) }
        let streams = try messages.map { try pair.send($0, on: connection) }
        pair.run(for: .seconds(10))
        for (stream, message) in zip(streams, messages) {
            #expect(pair.recorder.received(on: connection, stream).bytes == message)
            #expect(pair.recorder.received(on: connection, stream).isComplete)
        }
        #expect(connection.streamCount == 0)
    }

    // RFC 9000 §4.6: the limit counts streams that were ever opened, so each one that closes must raise it.
    @Test func streamsAreCreditedAgainWhenTheyClose() throws {
        let pair = try Pair(seed: 7, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        for number in 0..<100 {
            let stream = try pair.send([UInt8(number)], on: connection)
            pair.run(for: .seconds(1))
            #expect(pair.recorder.received(on: connection, stream) == .init(bytes: [UInt8(number)], isComplete: true))
        }
    }

    @Test func aSeventeenthStreamIsRefusedByLimit() throws {
        let pair = try Pair(seed: 8, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        for _ in 0..<16 { _ = try connection.openStream() }
        #expect(throws: QUICError.self) { try connection.openStream() }
    }

    @Test func anEmptyStreamIsAnsweredWithFin() throws {
        let pair = try Pair(seed: 9, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send([], on: connection)
        pair.run(for: .seconds(1))
        #expect(pair.recorder.received(on: connection, stream) == .init(bytes: [], isComplete: true))
        #expect(connection.streamCount == 0)
    }

    // RFC 9000 §3.5: both RESET_STREAM and STOP_SENDING are answered by ending our half.
    @Test func aResetStreamLeavesNothingBehind() throws {
        let pair = try Pair(seed: 10, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        for round in 0..<50 {
            let stream = try connection.openStream()
            try stream.write(message(of: 5_000, seed: UInt64(round)))
            pair.client.touch(connection)
            pair.run(for: .milliseconds(Int64(round % 20)))
            stream.reset(code: 9)
            pair.client.touch(connection)
            pair.run(for: .seconds(1))
            #expect(connection.streamCount == 0, "round \(round)")
        }
        // The connection's window was given back: a whole message still comes through.
        let stream = try pair.send(message(of: 10_000, seed: 1), on: connection)
        pair.run(for: .seconds(2))
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 10_000)
        #expect(pair.server.statistics.ledger[.rings]?.liveBytes == 0)
    }
}

import Datagrams
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Streams of both directions, opened by either side. RFC 9000 §2.1.
@Suite struct StreamDirectionTests {
    /// A service that keeps connections and streams.
    private final class Keeper: StreamService {
        let applicationProtocol = "echo"
        var connections: [Connection] = []
        var streams: [Stream] = []
        var bytes: [UInt8] = []
        var closedCount = 0

        func connectionDidOpen(_ connection: Connection) { connections.append(connection) }
        func streamDidOpen(_ stream: Stream) { streams.append(stream) }
        func streamDidClose(_ stream: Stream) { closedCount += 1 }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            self.bytes += [UInt8](copying: bytes)
            stream.extendCredit(bytes.byteCount)
        }

        func stream(_ stream: Stream, wasCancelledWith code: UInt64) {}
    }

    private let keeper = Keeper()

    private func pair(server: Int = 0, client: Int = 0) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.transport.peerUnidirectionalStreams = server
        var clientConfiguration = EndpointConfiguration()
        clientConfiguration.transport.peerUnidirectionalStreams = client
        return try Pair(
            seed: 1,
            services: [keeper],
            configuration: configuration,
            clientConfiguration: clientConfiguration
        )
    }

    private func connect(_ pair: Pair) throws -> Connection {
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        return connection
    }

    private func end(_ connection: Connection, of pair: Pair) {
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test(arguments: [StreamDirection.bidirectional, .unidirectional])
    func aServerOpensStreams(direction: StreamDirection) throws {
        let pair = try pair(client: 2)
        let connection = try connect(pair)
        let message = message(of: 100_000, seed: 7)
        // More than the client's limit in all: each that ends makes room for another.
        for round in 0..<40 {
            let stream = try keeper.connections[0].openStream(direction)
            #expect(stream.id.isBidirectional == (direction == .bidirectional) && !stream.id.isClientInitiated)
            var sent = 0
            while sent < message.count {
                let count = min(stream.writableBytes, message.count - sent)
                try stream.write([UInt8](message[sent..<sent + count]))
                sent += count
                pair.run(for: .milliseconds(20))
            }
            stream.finish()
            if direction == .bidirectional {
                pair.run(for: .seconds(1)) { pair.recorder.received(on: connection, stream.id).isComplete }
                connection.stream(stream.id)?.finish()
            }
            pair.run(for: .seconds(1))
            #expect(pair.recorder.received(on: connection, stream.id).bytes == message)
            #expect(pair.recorder.received(on: connection, stream.id).isComplete)
            #expect(stream.isClosed && keeper.closedCount == round + 1)
        }
        end(connection, of: pair)
    }

    // RFC 9000 §4.6: "An endpoint MUST NOT open more streams than permitted by the current stream limit set by its peer."
    @Test func aServerOpensNoMoreUnidirectionalStreamsThanItMay() throws {
        let pair = try pair(client: 2)
        let connection = try connect(pair)
        for _ in 0..<2 { try keeper.connections[0].openStream(.unidirectional).write("unfinished") }
        #expect(throws: QUICError.self) { try keeper.connections[0].openStream(.unidirectional) }
        pair.run(for: .seconds(1))
        end(connection, of: pair)
    }

    @Test func aStreamThatTheClientAloneSendsOnTakesNoWrites() throws {
        let pair = try pair(server: 1)
        let connection = try connect(pair)
        for round in 1...3 {
            let sent = try connection.openStream(.unidirectional)
            try sent.write([1, 2, 3])
            pair.client.touch(connection)
            pair.run(for: .seconds(1))
            let stream = try #require(keeper.streams.last)
            #expect(throws: StreamError.finished) { try stream.write([4]) }
            #expect(stream.writableBytes == 0)
            stream.finish()
            pair.run(for: .seconds(1))
            #expect(connection.state == .established && !stream.isClosed)
            sent.finish()
            pair.run(for: .seconds(1))
            #expect(stream.isClosed && sent.isClosed && keeper.closedCount == round)
        }
        #expect(keeper.bytes == [1, 2, 3, 1, 2, 3, 1, 2, 3])
        end(connection, of: pair)
    }

    // RFC 9000 §3.5: "an endpoint can use a STOP_SENDING frame to prompt closure of the stream".
    @Test func aStreamThatTheClientAloneSendsOnIsStopped() throws {
        let pair = try pair(server: 1)
        let connection = try connect(pair)
        let sent = try connection.openStream(.unidirectional)
        try sent.write([1, 2, 3])
        pair.run(for: .seconds(1))
        keeper.streams[0].reset(code: 5)
        pair.run(for: .seconds(1))
        #expect(connection.state == .established && sent.isClosed && keeper.streams[0].isClosed)
        _ = try connection.openStream(.unidirectional)
        end(connection, of: pair)
    }

    @Test func aConnectionKnowsItsPath() throws {
        let pair = try pair()
        let connection = try connect(pair)
        _ = try pair.send(message(of: 20_000, seed: 1), on: connection)
        pair.run(for: .seconds(2))
        let statistics = try #require(keeper.connections[0].pathStatistics)
        // Two ways of 5 ms, and an acknowledgement that may be late by 25 ms.
        let roundTrips = Duration.milliseconds(10)...(.milliseconds(40))
        #expect(roundTrips.contains(statistics.shortestRoundTrip), "\(statistics)")
        #expect(roundTrips.contains(statistics.smoothedRoundTrip), "\(statistics)")
        #expect(statistics.congestionWindowBytes >= 12_000 && statistics.inFlightBytes == 0, "\(statistics)")
        end(connection, of: pair)
        #expect(keeper.connections[0].pathStatistics == nil)
    }
}

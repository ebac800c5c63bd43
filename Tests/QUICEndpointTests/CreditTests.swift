import BoundedMemory
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// What a server lets its client send: what it has released and a window more, and no byte beyond. RFC 9000 §4.1.
@Suite struct CreditTests {
    private static let streamWindow: UInt64 = 16 << 10
    private static let connectionWindow: UInt64 = 32 << 10
    private static let chunk = [UInt8](repeating: 7, count: 1_000)

    /// Takes what arrives and gives none of it back.
    private final class Hoarder: StreamService {
        let applicationProtocol = "echo"

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            if isFinal { stream.finish() }
        }
    }

    private func client(seed: UInt64, of service: any StreamService = EchoService()) throws -> HostileClient {
        var configuration = EndpointConfiguration()
        configuration.transport.streamWindow = .fixed(Int(Self.streamWindow))
        configuration.transport.connectionWindow = .fixed(Int(Self.connectionWindow))
        let pair = try Pair(seed: seed, services: [service], configuration: configuration)
        let client = try #require(try HostileClient(pair: pair))
        // Whatever comes back has room.
        client.send(Frame.maximumData(1 << 20))
        return client
    }

    /// Everything that the server has said so far.
    private func limits(_ client: HostileClient) -> ServerFrames {
        client.heard.reduce(into: ServerFrames([])) { $0.add(ServerFrames($1.payload)) }
    }

    /// Expects that a window's limit is for `released` bytes, less those that wait for the next frame: an eighth of a window, and
    /// a quarter in ngtcp2.
    private func expect(
        _ limit: UInt64,
        of window: UInt64,
        for released: UInt64,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let limit = max(window, limit)
        #expect(limit <= window + released, sourceLocation: sourceLocation)
        #expect(limit + window / 2 >= window + released, sourceLocation: sourceLocation)
    }

    @Test func bytesAreCreditedOnceTheyAreAcknowledgedAndNotBefore() throws {
        let client = try client(seed: 91)
        var sent: UInt64 = 0
        for stream in UInt64(0)..<40 {
            for index in UInt64(0)..<3 {
                client.send(Frame.stream(4 * stream, offset: 1_000 * index, Self.chunk, isFinal: index == 2))
            }
            client.pair.run(for: .milliseconds(5))
            expect(limits(client).dataLimit, of: Self.connectionWindow, for: sent)
            client.send(client.acknowledgement)
            client.pair.run(for: .milliseconds(30))
            sent += 3_000
            expect(limits(client).dataLimit, of: Self.connectionWindow, for: sent)
        }
        #expect(client.pair.serverCloses.isEmpty)
    }

    @Test func bytesOfAStreamAreCreditedToThatStream() throws {
        let client = try client(seed: 92)
        client.send(Frame.stream(0) + Frame.maximumStreamData(0, 1 << 20))
        for index in UInt64(0)..<60 {
            client.send(Frame.stream(0, offset: 1_000 * index, Self.chunk))
            client.pair.run(for: .milliseconds(5))
            expect(limits(client).streamDataLimits[0] ?? 0, of: Self.streamWindow, for: 1_000 * index)
            client.send(client.acknowledgement)
            client.pair.run(for: .milliseconds(30))
        }
        #expect(client.pair.serverCloses.isEmpty)
    }

    // RFC 9000 §4.1: what a stream that ended had received no longer waits for anybody.
    @Test func bytesThatNobodyGaveBackAreCreditedWithTheEndOfTheirStream() throws {
        let client = try client(seed: 94, of: Hoarder())
        for stream in UInt64(0)..<60 {
            client.send(Frame.stream(4 * stream, Self.chunk))
            client.pair.run(for: .milliseconds(5))
            expect(limits(client).dataLimit, of: Self.connectionWindow, for: 1_000 * stream)
            client.send(Frame.stream(4 * stream, offset: 1_000, isFinal: true))
            client.pair.run(for: .milliseconds(5))
            client.send(client.acknowledgement)
            client.pair.run(for: .milliseconds(30))
        }
        #expect(client.pair.serverCloses.isEmpty)
    }

    // RFC 9000 §4.5: the final size of a stream counts for the connection, however the stream ends.
    @Test func bytesOfAStreamThatIsResetAreCreditedOnce() throws {
        let client = try client(seed: 93)
        for stream in UInt64(0)..<40 {
            client.send(Frame.stream(4 * stream, Self.chunk))
            client.pair.run(for: .milliseconds(5))
            // Half of them have been released by then.
            if stream.isMultiple(of: 2) { client.send(client.acknowledgement) }
            client.send(Frame.stopSending(4 * stream) + Frame.resetStream(4 * stream, finalSize: 1_000))
            client.pair.run(for: .milliseconds(5))
            client.send(client.acknowledgement)
            client.pair.run(for: .milliseconds(30))
            expect(limits(client).dataLimit, of: Self.connectionWindow, for: 1_000 * (stream + 1))
        }
        #expect(client.pair.serverCloses.isEmpty)
        #expect(client.pair.server.ledger.usage(of: .rings).liveBytes == 0)
    }
}

import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// A bound that ends a connection lets the largest honest input pass.
///
/// Downloads under loss at the smallest limits are in `BorrowingTests`, a shared link in `SharedBottleneckTests`.
@Suite struct LargestHonestInputTests {
    /// A client that puts its packets together by hand, and a server at its defaults.
    private func client(seed: UInt64) throws -> HostileClient {
        let pair = try Pair(
            seed: seed,
            services: [EchoService()],
            clientConfiguration: EchoTests.generousClient
        )
        return try #require(try HostileClient(pair: pair))
    }

    private func expectEcho(of streams: Int, by client: HostileClient) {
        let pair = client.pair
        pair.run(for: .seconds(2))
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        #expect(pair.server.statistics.connections.established == 1)
        // RFC 9000 §19.8: STREAM frames are of type 0x08 to 0x0f.
        #expect(client.heard.contains { packet in packet.payload.contains { (0x08...0x0f).contains($0) } })
        let streamsOfServer = pair.server.reports(at: pair.now).first?.streamCount
        #expect(streamsOfServer == streams, "\(String(describing: streamsOfServer))")
    }

    /// RFC 9000 §2.2: endpoints MUST be able to deliver stream data as an ordered byte stream, in whatever order it arrives.
    @Test func aWholeStreamWindowMayArriveInReverse() throws {
        let client = try client(seed: 61)
        let bytes = [UInt8](repeating: 7, count: 1_024)
        for offset in stride(from: UInt64(31 << 10), through: 0, by: -1_024) {
            client.push(Frame.stream(4, offset: offset, bytes))
        }
        expectEcho(of: 1, by: client)
        #expect(client.pair.server.ledger.totalUsage.peakBytes < 192 << 10)
    }

    @Test func aWholeConnectionWindowOnEveryStreamMayArriveInReverse() throws {
        let client = try client(seed: 62)
        let bytes = [UInt8](repeating: 7, count: 1_024)
        for offset in stride(from: UInt64(3 << 10), through: 0, by: -1_024) {
            for number in UInt64(1)...15 { client.push(Frame.stream(4 * number, offset: offset, bytes)) }
        }
        // Those that find neither a turn nor a place to wait are sent again.
        client.pair.run(for: .milliseconds(100))
        for number in UInt64(1)...15 {
            for offset in stride(from: UInt64(3 << 10), through: 0, by: -1_024) {
                client.push(Frame.stream(4 * number, offset: offset, bytes))
            }
            client.pair.run(for: .milliseconds(10))
        }
        expectEcho(of: 15, by: client)
    }

    /// Two chunks of 8 KiB for a kilobyte on each stream.
    @Test func everyStreamMayHaveAGapInFrontOfABorderBetweenChunks() throws {
        let client = try client(seed: 66)
        let bytes = [UInt8](repeating: 7, count: 1_024)
        for number in UInt64(1)...15 {
            for offset in stride(from: UInt64(0), to: 7 << 10, by: 1_024) {
                client.push(Frame.stream(4 * number, offset: offset, bytes))
            }
            client.pair.run(for: .milliseconds(50))
            client.send(client.acknowledgement)
            client.pair.run(for: .milliseconds(50))
        }
        let before = client.pair.server.ledger.totalUsage.liveBytes
        for number in UInt64(1)...15 { client.push(Frame.stream(4 * number, offset: (7 << 10) + 512, bytes)) }
        client.pair.run(for: .milliseconds(50))
        #expect(client.pair.server.ledger.totalUsage.liveBytes > before + 200_000, "two chunks for each")
        let missing = Array(bytes.prefix(512))
        for number in UInt64(1)...15 { client.push(Frame.stream(4 * number, offset: 7 << 10, missing)) }
        expectEcho(of: 15, by: client)
    }

    /// Every second packet of a whole window is late by a round trip.
    @Test func halfOfAWindowMayBeLost() throws {
        let client = try client(seed: 63)
        let bytes = [UInt8](repeating: 7, count: 512)
        let offsets = stride(from: UInt64(0), to: 32 << 10, by: 512)
        for offset in offsets where offset / 512 % 2 == 1 { client.push(Frame.stream(4, offset: offset, bytes)) }
        client.pair.run(for: .milliseconds(100))
        for offset in offsets where offset / 512 % 2 == 0 { client.push(Frame.stream(4, offset: offset, bytes)) }
        expectEcho(of: 1, by: client)
    }

    /// RFC 9000 §14: UDP payloads up to the limit that was announced.
    @Test func aDatagramMayHaveAsManyBytesAsWasAnnounced() throws {
        let client = try client(seed: 64)
        // A header of 13 bytes, an offset and a length of 4, and a tag of 16.
        let payload = [UInt8](repeating: 7, count: TransportConfiguration.receivedDatagramBytesLimit - 40)
        client.push(Frame.stream(4, offset: 0, payload))
        expectEcho(of: 1, by: client)
    }

    @Test func asManyClientsAsTheLimitMayConnectAtOnce() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.connections = 40
        let pair = try Pair(seed: 65, services: [EchoService()], configuration: configuration)
        let connections = try (0..<40).map { _ in try pair.connect() }
        pair.run(for: .seconds(10)) { connections.allSatisfy { $0.state == .established } }
        #expect(connections.allSatisfy { $0.state == .established })
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        // And one more is turned away.
        #expect(try pair.connectAndEstablish() == nil)
    }
}

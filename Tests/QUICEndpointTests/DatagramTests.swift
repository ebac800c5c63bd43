import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// DATAGRAM frames from one side to the other. RFC 9221.
@Suite struct DatagramTests {
    /// A service that keeps what arrives, and answers as a test wants.
    private final class Witness: StreamService {
        let applicationProtocol = "echo"
        var connections: [Connection] = []
        var datagrams: [[UInt8]] = []
        var streamBytes = 0
        /// Stream bytes when each datagram arrived.
        var streamBytesBefore: [Int] = []
        var onOpen: (Connection) -> Void = { _ in }

        func connectionDidOpen(_ connection: Connection) {
            connections.append(connection)
            onOpen(connection)
        }

        func receive(datagram bytes: RawSpan, on connection: Connection) {
            datagrams.append([UInt8](copying: bytes))
            streamBytesBefore.append(streamBytes)
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            streamBytes += bytes.byteCount
            stream.extendCredit(bytes.byteCount)
            if isFinal { stream.finish() }
        }
    }

    private static func configuration(_ limit: Int = 65_535, change: (inout TransportConfiguration) -> Void = { _ in })
        -> EndpointConfiguration
    {
        var configuration = EndpointConfiguration()
        configuration.transport.datagramFrameBytesLimit = limit
        change(&configuration.transport)
        return configuration
    }

    private let client = Witness()
    private let server = Witness()

    private func pair(
        _ seed: UInt64,
        services: [any StreamService]? = nil,
        configuration: EndpointConfiguration = configuration(),
        clientConfiguration: EndpointConfiguration = configuration(),
        conditions: SimulatedNetwork.Conditions = .init()
    ) throws -> Pair {
        try Pair(
            seed: seed,
            services: services ?? [server],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            clientService: client,
            conditions: conditions
        )
    }

    /// A connection whose handshake is complete on both sides.
    private func establish(_ pair: Pair) throws -> Connection? {
        let connection = try pair.connectAndEstablish()
        pair.run(for: .milliseconds(100))
        return connection
    }

    private func rings(_ pair: Pair) -> Int { pair.server.ledger.usage(of: .rings).liveBytes }

    /// The code with which `send` is refused; nil when it is not.
    private func refusal(_ send: () throws(DatagramError) -> Void) -> DatagramError? {
        do throws(DatagramError) {
            try send()
            return nil
        } catch {
            return error
        }
    }

    /// The longest datagram at first: 1,200 bytes without a short header, connection ID, packet number, tag, type and length.
    private static let firstMaximumBytes = 1_200 - 1 - 12 - 4 - 16 - 3

    @Test func datagramsComeBack() throws {
        let pair = try pair(1, services: [EchoService()])
        let connection = try #require(try establish(pair))
        #expect(connection.maximumDatagramBytes == Self.firstMaximumBytes)
        let sent = [0, 1, 63, 64, 1_000, Self.firstMaximumBytes].map { message(of: $0, seed: 1) }
        for datagram in sent { try connection.sendDatagram(datagram) }
        pair.run(for: .seconds(1))
        #expect(client.datagrams == sent)
        for counts in [
            connection.datagramFrameCounts, pair.server.statistics.datagramFrames, pair.client.datagramFrames,
        ] {
            #expect(counts.sent == 6 && counts.received == 6 && counts.dropped == 0)
        }
        #expect(pair.server.reports(at: pair.now).first?.datagramFrames.received == 6)
        #expect(rings(pair) == 0 && pair.client.ledger.usage(of: .rings).liveBytes == 0)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aServerMaySendFirst() throws {
        server.onOpen = { try? $0.sendDatagram([1, 2, 3]) }
        let pair = try pair(2)
        _ = try #require(try establish(pair))
        pair.run(for: .seconds(1))
        #expect(client.datagrams == [[1, 2, 3]])
    }

    @Test func aDatagramThatFitsIntoNoPacketIsRefusedWithTheLargestSize() throws {
        let pair = try pair(3)
        let connection = try #require(try establish(pair))
        let long = [UInt8](repeating: 7, count: Self.firstMaximumBytes + 1)
        #expect(
            refusal { () throws(DatagramError) in try connection.sendDatagram(long) }
                == .tooLarge(maximumBytes: Self.firstMaximumBytes)
        )
        // Once the path is known to carry larger packets, so are the datagrams.
        _ = try pair.send([UInt8](repeating: 1, count: 20_000), on: connection)
        for _ in 0..<10 {
            pair.run(for: .seconds(1))
            _ = try pair.send([UInt8](repeating: 1, count: 20_000), on: connection)
        }
        let maximum = try #require(connection.maximumDatagramBytes)
        #expect(maximum > 1_400)
        try connection.sendDatagram([UInt8](repeating: 9, count: maximum))
        pair.run(for: .seconds(1))
        #expect(server.datagrams.map(\.count) == [maximum])
    }

    // RFC 9221 §3: an endpoint MUST NOT send DATAGRAM frames that are larger than the max_datagram_frame_size value it has received.
    @Test(
        arguments: [(0, nil), (1, nil), (2, 0), (65, 63), (66, 63), (67, 64), (100, 97), (1_000, 997)] as [(Int, Int?)]
    )
    func nothingIsSentBeyondThePeersLimit(limit: Int, expected: Int?) throws {
        let pair = try pair(4, clientConfiguration: Self.configuration(limit))
        _ = try #require(try establish(pair))
        let connection = try #require(server.connections.first)
        #expect(connection.maximumDatagramBytes == expected)
        guard let expected else {
            #expect(refusal { () throws(DatagramError) in try connection.sendDatagram([]) } == .unsupported)
            return
        }
        try connection.sendDatagram([UInt8](repeating: 5, count: expected))
        let long = [UInt8](repeating: 5, count: expected + 1)
        #expect(
            refusal { () throws(DatagramError) in try connection.sendDatagram(long) }
                == .tooLarge(maximumBytes: expected)
        )
        pair.run(for: .seconds(1))
        #expect(client.datagrams.map(\.count) == [expected])
        #expect(pair.clientCloses.isEmpty)
    }

    @Test func nothingIsSentBeforeTheHandshakeNorAfterTheEnd() throws {
        let pair = try pair(5)
        let connection = try pair.connect()
        #expect(connection.maximumDatagramBytes == nil)
        #expect(refusal { () throws(DatagramError) in try connection.sendDatagram([1]) } == .unsupported)
        pair.run(for: .seconds(1))
        try connection.sendDatagram([1])
        pair.client.close(connection, at: pair.now)
        #expect(refusal { () throws(DatagramError) in try connection.sendDatagram([1]) } == .closed)
        #expect(connection.maximumDatagramBytes == nil)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // RFC 9221 §3: "An endpoint that receives a DATAGRAM frame when it has not indicated support via the transport parameter MUST
    // terminate the connection with an error of type PROTOCOL_VIOLATION. Similarly, an endpoint that receives a DATAGRAM frame that
    // is larger than the value it sent".
    @Test(arguments: [(0, 0, false), (100, 97, true), (100, 98, false)])
    func aFrameBeyondTheLimitEndsItsConnection(limit: Int, byteCount: Int, isAllowed: Bool) throws {
        let pair = try pair(6, configuration: Self.configuration(limit))
        let client = try #require(try HostileClient(pair: pair))
        client.send(Frame.datagram([UInt8](repeating: 3, count: byteCount)))
        pair.run(for: .milliseconds(100))
        #expect(pair.serverCloses == (isAllowed ? [] : [.transportError]))
        #expect(server.datagrams.count == (isAllowed ? 1 : 0))
        let protocolViolation: UInt8 = 0x0a
        let isTold = client.heard.contains { $0.payload.starts(with: [0x1c, protocolViolation]) }
        #expect(isTold != isAllowed)
    }

    @Test func aFullQueueDropsTheOldest() throws {
        let pair = try pair(7)
        let connection = try #require(try establish(pair))
        let limits = TransportConfiguration()
        for number in 0..<200 { try connection.sendDatagram([UInt8](repeating: UInt8(number), count: 100)) }
        #expect(connection.datagramFrameCounts.dropped == 200 - limits.queuedDatagrams)
        pair.run(for: .seconds(1))
        #expect(server.datagrams.map(\.first) == (200 - limits.queuedDatagrams..<200).map { UInt8($0) })
        #expect(pair.client.datagramFrames.dropped == 200 - limits.queuedDatagrams)
    }

    @Test func aFullQueueIsBoundedInBytesToo() throws {
        server.onOpen = { connection in
            for number in 0..<120 { try? connection.sendDatagram([UInt8](repeating: UInt8(number), count: 1_000)) }
        }
        var configuration = Self.configuration { $0.queuedDatagramBytes = 10_000 }
        configuration.transport.queuedDatagrams = 1_000
        let pair = try pair(8, configuration: configuration)
        _ = try #require(try establish(pair))
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.datagramFrames.dropped == 110)
        #expect(client.datagrams.map(\.first) == (110..<120).map { UInt8($0) })
        #expect(pair.server.ledger.usage(of: .rings).peakBytes <= 10_000 + 2 * 4_096 + 2_048)
    }

    /// An end drops the datagrams that wait, with their memory.
    @Test func anEndReleasesWhatWaits() throws {
        let pair = try pair(9)
        let connection = try #require(try establish(pair))
        let end = try #require(server.connections.first)
        for _ in 0..<50 { try end.sendDatagram([UInt8](repeating: 1, count: 1_000)) }
        #expect(rings(pair) >= 50_000)
        end.close()
        pair.run(for: .seconds(1))
        #expect(rings(pair) == 0 && connection.state == .closed)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aConnectionWithoutMemoryRefuses() throws {
        let pair = try pair(10, configuration: Self.configuration { $0.connectionBytesLimit = 100_000 })
        _ = try #require(try establish(pair))
        let connection = try #require(server.connections.first)
        // Its windows and its packets in flight have all the memory it may have.
        #expect(refusal { () throws(DatagramError) in try connection.sendDatagram([1]) } == .outOfMemory)
        #expect(rings(pair) == 0)
        let stream = try pair.send([1, 2, 3], on: try #require(client.connections.first))
        pair.run(for: .seconds(1))
        #expect(server.streamBytes == 3 && pair.serverCloses.isEmpty, "\(stream)")
    }

    /// A hostile client floods a server that answers each datagram, and acknowledges nothing.
    @Test func aFloodHoldsNoMoreThanTheQueue() throws {
        let pair = try pair(11, services: [EchoService()])
        let hostile = try #require(try HostileClient(pair: pair))
        let before = pair.server.ledger.totalUsage.liveBytes
        let frames =
            Frame.datagram([UInt8](repeating: 3, count: 500)) + Frame.datagram([UInt8](repeating: 4, count: 500))
        var peak = 0
        for _ in 0..<200 {
            for _ in 0..<20 { hostile.push(frames) }
            pair.run(for: .milliseconds(5))
            peak = max(peak, rings(pair))
        }
        let limits = TransportConfiguration()
        let received = pair.server.statistics.datagramFrames.received
        #expect(received == 200 * 20 * 2)
        #expect(peak > 32_000 && peak <= limits.queuedDatagramBytes + 2 * 4_096 + 2_048, "\(peak)")
        // Besides the queue: packets in flight of one congestion window, and a little for their acknowledgements.
        #expect(pair.server.ledger.totalUsage.liveBytes - before < peak + 64_000)
        #expect(pair.server.statistics.datagramFrames.dropped > 3_000)
        #expect(pair.serverCloses.isEmpty)
        hostile.send(hostile.acknowledgement)
        pair.run(for: .seconds(120))
        expectEverythingReturned(pair)
    }

    /// A client whose datagrams are answered makes the server hold as much as it can besides: the limit does not follow.
    @Test func noPeerRaisesItsLimitByDatagrams() throws {
        let pair = try pair(17, services: [EchoService()])
        let hostile = try #require(try HostileClient(pair: pair))
        let connection = try #require(pair.server.connection(ConnectionHandle(index: 0, generation: 1)))
        hostile.send(Frame.datagram([1]))
        let limit = connection.account.bytesLimit
        #expect(limit <= 192 << 10 + 75 << 10)
        for number in UInt64(0)..<200 {
            // Gaps on sixteen streams, and a datagram to be answered.
            for stream in UInt64(0)..<16 {
                hostile.push(
                    Frame.stream(4 * stream, offset: 2 * number + 1, [1])
                        + Frame.datagram([UInt8](repeating: 2, count: 900))
                )
            }
            pair.run(for: .milliseconds(5))
        }
        // But for what sixteen streams may come to.
        #expect(connection.account.bytesLimit <= limit + 11 * (19 << 10))
        pair.run(for: .seconds(120))
        expectEverythingReturned(pair)
    }

    /// One side always has datagrams to send, and a stream of a mebibyte: each has its share of the packets.
    @Test(arguments: [1_100, 300, 20])
    func neitherDatagramsNorStreamsStarve(byteCount: Int) throws {
        let pair = try pair(12, clientConfiguration: Self.configuration { $0.discoversPathMTU = false })
        let link = SharedLink(bitsPerSecond: 20_000_000, queueBytesLimit: 100_000)
        pair.network.bottleneck = SimulatedNetwork.Bottleneck(server: Pair.serverAddress, link)
        let connection = try #require(try establish(pair))
        let stream = try connection.openStream()
        var (left, isDone) = (1 << 20, false)
        while !isDone, pair.now < MonotonicInstant(nanoseconds: 60_000_000_000) {
            // As many as fit, so that datagrams are never what is missing.
            for _ in 0..<(3_000 / byteCount + 1) where left > 0 {
                try connection.sendDatagram([UInt8](repeating: 2, count: byteCount))
            }
            if left > 0 {
                let count = min(left, stream.writableBytes)
                if count > 0 { try stream.write([UInt8](repeating: 1, count: count)) }
                left -= count
                if left == 0 { stream.finish() }
            }
            pair.run(for: .milliseconds(1))
            isDone = server.streamBytes == 1 << 20
        }
        #expect(isDone, "\(server.streamBytes) bytes")
        let datagramBytes = server.datagrams.filter { !$0.isEmpty }.count * byteCount
        let share = Double(datagramBytes) / Double(datagramBytes + server.streamBytes)
        // In turns: half of the packets each, as far as the datagrams fill theirs.
        #expect(share > 0.3 && share < 0.7, "\(share)")
    }

    /// A datagram now and then beside a stream that never stops leaves with the next packets, not after the stream.
    @Test func aDatagramDoesNotWaitForAStream() throws {
        let pair = try pair(13)
        let link = SharedLink(bitsPerSecond: 50_000_000, queueBytesLimit: 60_000)
        pair.network.bottleneck = SimulatedNetwork.Bottleneck(server: Pair.serverAddress, link)
        let connection = try #require(try establish(pair))
        let stream = try connection.openStream()
        var left = 2 << 20
        var sent = 0
        while left > 0 {
            let count = min(left, stream.writableBytes)
            if count > 0 { try stream.write([UInt8](repeating: 1, count: count)) }
            left -= count
            try connection.sendDatagram([UInt8](repeating: 2, count: 100))
            sent += 1
            pair.run(for: .milliseconds(10))
            // It left at once: none waits.
            #expect(connection.datagramFrameCounts.sent >= sent - 2)
        }
        #expect(connection.datagramFrameCounts.dropped == 0)
        #expect(server.datagrams.count > sent / 2)
    }

    /// A lost datagram is not sent again, and none arrives twice.
    @Test func lostDatagramsStayLost() throws {
        let conditions = SimulatedNetwork.Conditions(jitter: .zero, loss: 0.1, duplication: 0.1)
        let pair = try pair(14, conditions: conditions)
        pair.run(for: .seconds(1))
        var established: Connection?
        for _ in 0..<10 where established == nil { established = try establish(pair) }
        let connection = try #require(established)
        let stream = try pair.send(message(of: 20_000, seed: 14), on: connection)
        for number in 0..<1_000 {
            try connection.sendDatagram([UInt8(number >> 8), UInt8(number & 255)])
            pair.run(for: .milliseconds(20))
        }
        pair.run(for: .seconds(5))
        let numbers = server.datagrams.map { Int($0[0]) << 8 | Int($0[1]) }
        #expect(connection.datagramFrameCounts.sent == 1_000)
        #expect((800...980).contains(numbers.count), "\(numbers.count)")
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        #expect(server.streamBytes == 20_000, "\(stream)")
    }

    /// Datagrams alone, either way, are progress: a connection without streams lives on.
    @Test(arguments: [true, false])
    func datagramsAreProgress(fromClient: Bool) throws {
        let pair = try pair(15)
        let connection = try #require(try establish(pair))
        let sender = try #require(fromClient ? connection : server.connections.first)
        for _ in 0..<40 {
            try sender.sendDatagram([UInt8](repeating: 1, count: 64))
            pair.run(for: .seconds(5))
        }
        #expect(connection.state == .established && pair.serverCloses.isEmpty)
        #expect((fromClient ? server : client).datagrams.count == 40)
        // And without them it does not.
        for _ in 0..<20 {
            if connection.state == .closed { break }
            connection.keepAlive(every: .seconds(5))
            pair.run(for: .seconds(10))
        }
        #expect(pair.serverCloses == [.noProgress] || pair.clientCloses == [.noProgress])
    }

    /// The answer to a datagram was taken while the path carried it. Then the client's address changes, and the path with it.
    @Test func aDatagramThatThePathNoLongerCarriesBlocksNone() throws {
        var configuration = Self.configuration()
        configuration.transport.allowsMigration = true
        let pair = try pair(16, services: [FetchAndEchoService()], configuration: configuration)
        let hostile = try #require(try HostileClient(pair: pair))
        let server = try #require(pair.server.connection(ConnectionHandle(index: 0, generation: 1)))
        // A download, whose packets let the server find out what the path carries.
        hostile.send(Frame.stream(0, Array("GET /60000\r\n".utf8), isFinal: true))
        for _ in 0..<400 {
            hostile.send(Frame.maximumStreamData(0, 1 << 20) + Frame.maximumData(1 << 20) + hostile.acknowledgement)
            pair.run(for: .milliseconds(20))
        }
        let maximum = try #require(server.maximumDatagramBytes)
        try #require(maximum > 1_200)
        // A client that moves takes another connection ID; ngtcp2 then knows nothing of the path. RFC 9000 §9.5.
        hostile.send(Frame.retireConnectionID(1))
        pair.run(for: .milliseconds(50))
        let unusedID = try #require(hostile.heard.compactMap { ServerFrames($0.payload).connectionIDs[2] }.first)
        let place = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)
        let heard = hostile.heard.count
        hostile.send(
            Frame.datagram([UInt8](repeating: 7, count: 1_300)) + Frame.datagram([8, 8, 8]),
            from: place,
            to: unusedID
        )
        pair.run(for: .milliseconds(30))
        let challenges = hostile.heard.dropFirst(heard).flatMap { ServerFrames($0.payload).pathChallenges }
        hostile.send(challenges.flatMap(Frame.pathResponse) + hostile.acknowledgement + Frame.ping, from: place)
        pair.run(for: .milliseconds(300))
        #expect(hostile.heard.dropFirst(heard).contains { $0.payload.contains([0x31, 3, 8, 8, 8]) })
        #expect(pair.server.statistics.datagramFrames.dropped == 1)
        #expect(rings(pair) == 0)
    }
}

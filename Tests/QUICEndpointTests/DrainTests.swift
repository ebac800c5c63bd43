import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Servers that drain: connections finish what they began, nothing new begins, and nothing lasts beyond the deadline.
@Suite struct DrainTests {
    /// An echo service that notes when it is told to finish.
    private final class Finishing: StreamService {
        let applicationProtocol = "echo"
        let finishCode: UInt64 = 0x77
        var told: [ConnectionHandle] = []
        /// The latest connection.
        var connection: Connection?

        func connectionDidOpen(_ connection: Connection) { self.connection = connection }

        func connectionShouldFinish(_ connection: Connection) { told.append(connection.handle) }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            if bytes.byteCount > 0 { try stream.write(bytes) }
            if isFinal { stream.finish() }
        }

        func stream(_ stream: Stream, didRelease count: Int) { stream.extendCredit(count) }
    }

    /// A client's service that keeps how its connections ended, and what arrived on streams that the server opened.
    private final class Client: StreamService {
        let applicationProtocol = "any"
        var reports: [CloseReport] = []
        var control: [UInt8] = []

        func connectionDidClose(_ connection: Connection, _ report: CloseReport) { reports.append(report) }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            if !stream.id.isBidirectional { control += [UInt8](copying: bytes) }
            stream.extendCredit(bytes.byteCount)
        }
    }

    private let service = Finishing()

    private func drain(_ pair: Pair, within timeout: Duration) {
        pair.server.drain(by: pair.now.advanced(by: timeout), at: pair.now)
    }

    private func pair(_ seed: UInt64 = 1, client: (any StreamService)? = nil) throws -> Pair {
        try Pair(seed: seed, services: [service], clientService: client)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func connectionsWithoutStreamsEndInOrder(seed: UInt64) throws {
        let client = Client()
        let pair = try pair(seed, client: client)
        for _ in 0..<50 { _ = try pair.connect() }
        pair.run(for: .seconds(1))
        #expect(!pair.server.statistics.isDraining)
        drain(pair, within: .seconds(8))
        pair.run(for: .seconds(1)) { pair.server.isDrained }
        #expect(pair.server.isDrained && pair.server.statistics.isDraining)
        #expect(service.told.count == 50 && Set(service.told).count == 50)
        #expect(pair.serverCloses == Array(repeating: .drained, count: 50))
        pair.run(for: .seconds(1))
        #expect(client.reports.map(\.applicationCode) == Array(repeating: 0x77, count: 50))
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §20.1, CONNECTION_REFUSED: "The server refused to accept a new connection."
    @Test func newConnectionsAreRefusedAndOthersGoOn() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream()
        try stream.write([1])
        pair.run(for: .seconds(1))
        drain(pair, within: .seconds(8))
        _ = try pair.connect()
        pair.run(for: .seconds(2))
        #expect(pair.clientCloses == [.refused])
        #expect(pair.server.statistics.admissions["refuse_shutdown"] == 1)
        #expect(pair.server.statistics.connections.live == 1)
        try stream.write([2])
        stream.finish()
        pair.run(for: .seconds(1))
        #expect(pair.recorder.received(on: connection, stream.id) == .init(bytes: [1, 2], isComplete: true))
        #expect(pair.serverCloses == [.drained] && pair.clientCloses == [.refused, .peerClose])
    }

    /// One whose handshake is under way is told as soon as it opens, and its first request is served.
    @Test func aHandshakeThatHasBegunIsCompleted() throws {
        let pair = try pair()
        let connection = try pair.connect()
        pair.run(for: .milliseconds(7))
        #expect(pair.server.statistics.connections.handshaking == 1)
        drain(pair, within: .seconds(8))
        pair.run(for: .seconds(1)) { connection.state == .established }
        let stream = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(1))
        #expect(service.told.count == 1)
        #expect(pair.recorder.received(on: connection, stream) == .init(bytes: [1, 2, 3], isComplete: true))
        #expect(pair.serverCloses == [.drained])
    }

    // RFC 9114 §5.2: "allowing at least one round-trip time".
    @Test func aStreamThatBeganBeforeItsClientKnewIsServed() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let stream = try pair.send([1, 2, 3], on: connection)
        drain(pair, within: .seconds(8))
        pair.run(for: .seconds(1))
        #expect(pair.recorder.received(on: connection, stream) == .init(bytes: [1, 2, 3], isComplete: true))
        #expect(pair.serverCloses == [.drained])
    }

    @Test func anUploadThatEndsDuringTheDrainIsWhole() throws {
        let client = TransferClient()
        let pair = try pair(client: client)
        let connection = try #require(try pair.connectAndEstablish())
        let upload = try pair.begin(.echo, bytes: 3_000_000, on: connection)
        pair.run(for: .milliseconds(50))
        #expect(!upload.isComplete)
        drain(pair, within: .seconds(60))
        pair.run(for: .seconds(60)) { pair.server.isDrained }
        #expect(upload.isComplete && !upload.hasFailed, "\(upload)")
        #expect(pair.serverCloses == [.drained])
    }

    @Test func aPathThatHealsBeforeTheDeadlineIsWaitedFor() throws {
        let pair = try Pair(
            seed: 1,
            services: [HQInteropService()],
            clientProtocols: ["hq-interop"],
            clientService: TransferClient()
        )
        let connection = try #require(try pair.connectAndEstablish())
        let download = try pair.begin(.download, bytes: 1_000_000, on: connection)
        pair.run(for: .milliseconds(30))
        #expect(!download.isComplete)
        pair.network.admits = { _ in false }
        drain(pair, within: .seconds(10))
        pair.run(for: .seconds(5))
        #expect(!download.isComplete && pair.serverCloses == [])
        pair.network.admits = { _ in true }
        pair.run(for: .milliseconds(4_900)) { pair.server.isDrained }
        #expect(download.isComplete, "\(download)")
        #expect(pair.serverCloses == [.drained])
    }

    /// A client that never finishes, one that never acknowledges, and one that answers nothing at all.
    @Test(arguments: [true, false])
    func nobodyLastsBeyondTheDeadline(answers: Bool) throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        _ = try pair.send([1], on: connection, isFinal: false)
        pair.run(for: .seconds(1))
        if !answers { pair.network.admits = { $0.path.local != Pair.serverAddress } }
        let begin = pair.now
        drain(pair, within: .seconds(8))
        // The earliest of several deadlines counts.
        drain(pair, within: .seconds(60))
        pair.run(for: .seconds(7))
        #expect(!pair.server.isDrained && pair.serverCloses == [])
        pair.run(for: .seconds(60)) { pair.server.isShutDown }
        #expect(begin.duration(to: pair.now) == .seconds(8))
        #expect(pair.serverCloses == [.shutdown])
    }

    /// Loss recovery repeats no PING: it would stay in flight until a later packet is acknowledged.
    @Test func aPingThatWasLostHoldsNothingUp() throws {
        let pair = try pair()
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let connection = try #require(service.connection)
        connection.keepAlive(every: .seconds(1))
        pair.network.admits = { $0.path.remote != Pair.serverAddress }
        pair.run(for: .milliseconds(1_500))
        connection.keepAlive(every: nil)
        pair.network.admits = { _ in true }
        #expect(connection.pathStatistics?.inFlightBytes ?? 0 > 0)
        drain(pair, within: .seconds(8))
        pair.run(for: .seconds(1)) { pair.server.isDrained }
        #expect(pair.serverCloses == [.drained])
        pair.run(for: .seconds(1))
        #expect(pair.clientCloses == [.peerClose])
    }

    @Test func anEndpointWithoutConnectionsHasDrainedAtOnce() throws {
        let pair = try pair()
        drain(pair, within: .seconds(8))
        #expect(pair.server.isDrained && !pair.server.isShutDown)
        pair.server.shutDown()
        #expect(pair.server.isShutDown)
    }

    /// A server and a client of HTTP/3 whose control stream is open.
    private func http3(_ client: Client) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.transport.peerUnidirectionalStreams = HTTP3FetchService.clientUnidirectionalStreams
        var clientConfiguration = EndpointConfiguration()
        clientConfiguration.transport.peerUnidirectionalStreams = 3
        let pair = try Pair(
            seed: 1,
            services: [HTTP3FetchService()],
            clientProtocols: ["h3"],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            clientService: client
        )
        let connection = try #require(try pair.connectAndEstablish())
        // A client's control stream lasts as long as the connection.
        let control = try connection.openStream(.unidirectional)
        try control.write([0, 4, 0])
        pair.client.touch(connection)
        pair.run(for: .seconds(1))
        return pair
    }

    private static let goAway: [UInt8] = [0, 4, 0, 7, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc]

    // RFC 9114 §5.2: "a server that is attempting to gracefully shut down a connection can send an initial GOAWAY frame with the
    // last stream ID set to 2^62-4".
    @Test func anHTTP3ClientIsToldToBeginNoFurtherRequest() throws {
        let client = Client()
        let pair = try http3(client)
        drain(pair, within: .seconds(8))
        pair.run(for: .seconds(2))
        #expect(client.control == Self.goAway)
        #expect(pair.serverCloses == [.drained])
        #expect(client.reports.map(\.applicationCode) == [0x100])
    }

    @Test func aGOAWAYThatWasLostIsSentAgain() throws {
        let client = Client()
        let pair = try http3(client)
        pair.network.admits = { $0.path.local == Pair.serverAddress }
        drain(pair, within: .seconds(8))
        pair.run(for: .milliseconds(20))
        pair.network.admits = { _ in true }
        pair.run(for: .seconds(2))
        #expect(client.control == Self.goAway)
        #expect(pair.serverCloses == [.drained])
    }
}

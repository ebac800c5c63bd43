import Datagrams
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Endpoints follow what their connections have done, whatever happens in between.
@Suite struct EffectTests {
    /// A service that does what a test asks for when a connection opens.
    private final class Opener: StreamService {
        let applicationProtocol = "echo"
        var onOpen: (Connection) -> Void = { _ in }
        var onStreamClose: (Stream) -> Void = { _ in }

        func connectionDidOpen(_ connection: Connection) { onOpen(connection) }

        func streamDidClose(_ stream: Stream) { onStreamClose(stream) }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {}
    }

    private let service = Opener()

    private func pair(_ seed: UInt64 = 1) throws -> Pair { try Pair(seed: seed, services: [service]) }

    private func expectReturn(_ pair: Pair) {
        pair.run(for: .seconds(120))
        expectEverythingReturned(pair)
    }

    // MARK: Ends in the middle

    @Test func aConnectionThatItsServiceClosesAtOnceWasEstablished() throws {
        let pair = try pair()
        service.onOpen = { $0.close(code: 7) }
        _ = try pair.connect()
        pair.run(for: .seconds(1))
        let counts = pair.server.statistics.connections
        #expect(counts.handshakesCompleted == 1 && counts.closed == 1 && counts.live == 0)
        #expect(pair.server.eventLog.latest.map(\.kind) == [.accepted, .established, .closed(.localClose)])
        #expect(pair.serverCloses == [.localClose] && pair.clientCloses == [.peerClose])
        expectReturn(pair)
    }

    enum Ending: String, CaseIterable {
        case close
        case closeByEndpoint
        case abandon
        case closeTwice
        case abandonAndClose
    }

    /// The client's endpoint tells of a handshake after the event, so its connection may end then in any way.
    @Test(arguments: Ending.allCases)
    func aConnectionMayEndWhenItIsToldOf(ending: Ending) throws {
        let pair = try pair()
        var established = 0
        pair.client.onEstablish = { connection in
            established += 1
            switch ending {
            case .close: connection.close()
            case .closeByEndpoint: pair.client.close(connection, at: pair.now)
            case .abandon: pair.client.abandon(connection, at: pair.now)
            case .closeTwice:
                connection.close()
                pair.client.close(connection, at: pair.now)
            case .abandonAndClose:
                pair.client.abandon(connection, at: pair.now)
                pair.client.close(connection, at: pair.now)
            }
        }
        defer { pair.client.onEstablish = { _ in } }
        let connection = try pair.connect()
        pair.run(for: .seconds(1))
        let isAbandoned = ending == .abandon || ending == .abandonAndClose
        #expect(connection.state == .closed && established == 1)
        #expect(pair.clientCloses == [isAbandoned ? .abandoned : .localClose])
        #expect(pair.client.counts.handshakesCompleted == 1 && pair.client.counts.handshaking == 0)
        expectReturn(pair)
    }

    /// The event that completed its handshake has ended it already.
    @Test func aConnectionThatIsEndingMayBeAbandonedWhenItIsToldOf() throws {
        let opener = Opener()
        let pair = try Pair(seed: 2, services: [service], clientService: opener)
        opener.onOpen = { $0.close() }
        pair.client.onEstablish = { pair.client.abandon($0, at: pair.now) }
        defer { pair.client.onEstablish = { _ in } }
        _ = try pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair.clientCloses == [.abandoned] && pair.client.counts.handshakesCompleted == 1)
        expectReturn(pair)
    }

    /// Another connection may end then as well: the first that completes takes the rest with it.
    @Test func theFirstOfSeveralMayEndTheOthers() throws {
        let pair = try pair()
        var connections: [Connection] = []
        var winner: Connection?
        pair.client.onEstablish = { established in
            if winner == nil { winner = established }
            for other in connections where other !== winner { pair.client.abandon(other, at: pair.now) }
        }
        defer { pair.client.onEstablish = { _ in } }
        for _ in 0..<4 { connections.append(try pair.connect()) }
        pair.run(for: .seconds(1))
        #expect(winner?.state == .established)
        #expect(pair.clientCloses == [.abandoned, .abandoned, .abandoned] && pair.client.counts.live == 1)
        pair.client.onEstablish = { _ in }
        if let winner { pair.client.close(winner, at: pair.now) }
        expectReturn(pair)
    }

    @Test func aClientIsToldOfAConnectionThatItsServiceClosesAtOnce() throws {
        let opener = Opener()
        let pair = try Pair(seed: 3, services: [service], clientService: opener)
        opener.onOpen = { $0.close() }
        var events: [String] = []
        pair.client.willOpen = { _ in events.append("will open") }
        pair.client.onEstablish = { _ in events.append("established") }
        _ = try pair.connect()
        pair.run(for: .seconds(1))
        #expect(events == ["will open", "established"])
        #expect(pair.clientCloses == [.localClose])
        expectReturn(pair)
    }

    /// The thread that drives the endpoint cannot go on.
    @Test func connectionsOfAnEndpointThatFailsSaySo() throws {
        final class Reader: StreamService {
            let applicationProtocol = "echo"
            var causes: [CloseCause] = []

            func connectionDidClose(_ connection: Connection, _ report: CloseReport) { causes.append(report.cause) }

            func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {}
        }
        let (server, client) = (Reader(), Reader())
        let pair = try Pair(seed: 4, services: [server], clientService: client)
        for _ in 0..<40 { _ = try pair.connect() }
        pair.run(for: .seconds(1))
        pair.client.fail()
        pair.server.fail()
        #expect(server.causes == Array(repeating: .workerFailed, count: 40) && client.causes == server.causes)
        #expect(pair.server.isShutDown)
        expectEverythingReturned(pair)
    }

    // RFC 9001 §6: an endpoint MUST NOT initiate a key update prior to having confirmed the handshake. ngtcp2 would abort.
    @Test func keysAreNotUpdatedWhileTheHandshakeIsToldOf() throws {
        let opener = Opener()
        let pair = try Pair(seed: 6, services: [service], clientService: opener)
        var refusals = 0
        func update(_ connection: Connection) {
            do throws(QUICError) { try connection.updateKeys(at: pair.now) } catch { refusals += 1 }
        }
        service.onOpen = update
        opener.onOpen = update
        pair.client.willOpen = update
        pair.client.onEstablish = update
        defer { (pair.client.willOpen, pair.client.onEstablish) = ({ _ in }, { _ in }) }
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        #expect(refusals == 4 && connection.state == .established)
        update(connection)
        #expect(refusals == 4)
        pair.client.close(connection, at: pair.now)
        expectReturn(pair)
    }

    /// ngtcp2 has written its CONNECTION_CLOSE then, and would abort.
    @Test func keysAreNotUpdatedWhileAConnectionIsReleased() throws {
        let pair = try pair(7)
        var refusals = 0
        service.onStreamClose = { stream in
            do throws(QUICError) { try stream.connection.updateKeys(at: pair.now) } catch { refusals += 1 }
        }
        let connection = try #require(try pair.connectAndEstablish())
        _ = try pair.send([1], on: connection, isFinal: false)
        pair.run(for: .seconds(1))
        // Nor does it abort where its time is told wrong.
        try? connection.updateKeys(at: MonotonicInstant(nanoseconds: 1))
        pair.server.shutDown()
        pair.run(for: .seconds(1))
        #expect(refusals == 1 && connection.state == .closed)
        service.onStreamClose = { _ in }
        expectReturn(pair)
    }

    // MARK: Connection IDs

    // RFC 9000 §5.1.1: "When an endpoint issues a connection ID, it MUST accept packets that carry this connection ID for the
    // duration of the connection or until its peer invalidates the connection ID".
    @Test func everyIDOfAConnectionLeadsToIt() throws {
        let pair = try pair()
        let connections = try (0..<3).map { _ in try #require(try pair.connectAndEstablish()) }
        pair.run(for: .seconds(1))
        let reports = pair.server.reports(at: pair.now)
        let issued = reports.map { pair.server.connection($0.handle)?.sourceConnectionIDs.count ?? 0 }
        // The first one, the one that NEW_CONNECTION_ID brought, and the one that the client made up.
        #expect(issued == [3, 3, 3])
        #expect(pair.server.statistics.connectionIDs == 9)
        #expect(pair.client.connectionIDCount == 6)
        for connection in connections { pair.client.close(connection, at: pair.now) }
        expectReturn(pair)
    }

    // RFC 9000 §5.1: "The same connection ID MUST NOT be issued more than once on the same connection"; here on no two either.
    @Test func aConnectionThatTellsOfAnIDThatIsTakenEnds() throws {
        let pair = try pair(5)
        var ids = ConnectionIDSource(workerIndex: 0, seed: 5)
        // The first two go to the connections, and the third is the next one of the honest client's.
        let (_, _, taken) = (ids.makeConnectionID(), ids.makeConnectionID(), ids.makeConnectionID())
        var writer = InitialPacketWriter(destination: taken, source: ids.makeInitialDestination())
        let beginning: [UInt8] = [1, 0, 2, 0, 3, 3] + [UInt8](repeating: 0x55, count: 100)
        let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)
        pair.inject(writer.datagram(Frame.crypto(offset: 0, beginning)), from: stranger)
        #expect(pair.server.statistics.connections.handshaking == 1)
        let connection = try pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair.serverCloses == [.transportError] && connection.peerCloseCode == .internalError)
        let (created, received) = (pair.server.statistics.connections.created, pair.server.statistics.drops)
        pair.inject(writer.datagram(Frame.ping), from: stranger)
        #expect(pair.server.statistics.connections.handshaking == 1, "the ID still leads to the one that had it")
        #expect(pair.server.statistics.connections.created == created && pair.server.statistics.drops == received)
        expectReturn(pair)
    }

    // MARK: Commands

    @Test func aCommandOutsideOfAnEventIsAReasonToTransmit() throws {
        let pair = try pair()
        var connections: [Connection] = []
        service.onOpen = { connections.append($0) }
        for _ in 0..<2 { _ = try pair.connectAndEstablish() }
        pair.run(for: .seconds(1))
        #expect(!pair.server.wantsToTransmit)
        connections[0].close()
        #expect(pair.server.wantsToTransmit)
        // It ends before the endpoint has looked.
        pair.server.close(connections[0].handle, at: pair.now)
        connections[0].close()
        connections[1].close()
        pair.run(for: .seconds(1))
        #expect(pair.serverCloses == [.localClose, .localClose] && !pair.server.wantsToTransmit)
        expectReturn(pair)
    }
}

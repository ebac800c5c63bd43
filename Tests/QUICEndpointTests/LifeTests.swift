import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Every way a connection ends, with the close callback counted and everything back to zero.
@Suite struct LifeTests {
    static let seeds: [UInt64] = [1, 2, 3]

    @Test(arguments: seeds)
    func aPeerCloseReturnsEverything(seed: UInt64) throws {
        let pair = try Pair(seed: seed, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        #expect(connection.applicationProtocol == "echo")
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.connections.established == 1)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .milliseconds(20))
        #expect(pair.server.statistics.connections.draining == 1)
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == [.peerClose])
        #expect(pair.clientCloses == [.localClose])
        expectEverythingReturned(pair)
    }

    @Test(arguments: seeds)
    func aLocalCloseReturnsEverything(seed: UInt64) throws {
        let pair = try Pair(seed: seed, services: [EchoService()])
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let handle = ConnectionHandle(index: 0, generation: 1)
        pair.server.close(handle, code: 7, at: pair.now)
        pair.run(for: .milliseconds(20))
        #expect(pair.server.statistics.connections.closing == 1)
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == [.localClose])
        #expect(pair.clientCloses == [.peerClose])
        expectEverythingReturned(pair)
    }

    // RFC 9000 §10.1: the connection is silently closed and its state is discarded when it remains idle for too long.
    @Test(arguments: seeds)
    func anIdleTimeoutReturnsEverything(seed: UInt64) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.idleTimeout = .seconds(5)
        let pair = try Pair(seed: seed, services: [EchoService()], configuration: configuration)
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(4))
        #expect(pair.server.statistics.connections.established == 1)
        pair.run(for: .seconds(3))
        #expect(pair.serverCloses == [.idleTimeout])
        #expect(pair.clientCloses == [.idleTimeout])
        expectEverythingReturned(pair)
    }

    @Test(arguments: seeds)
    func anAbandonedConnectionIsReleasedByTheIdleTimeout(seed: UInt64) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.idleTimeout = .seconds(5)
        let pair = try Pair(seed: seed, services: [EchoService()], configuration: configuration)
        let connection = try #require(try pair.connectAndEstablish())
        _ = try pair.send(message(of: 64, seed: seed), on: connection)
        pair.run(for: .milliseconds(100))
        pair.client.abandon(connection, at: pair.now)
        pair.run(for: .seconds(20))
        #expect(pair.serverCloses == [.idleTimeout])
        #expect(pair.clientCloses == [.abandoned])
        expectEverythingReturned(pair)
    }

    @Test(arguments: seeds)
    func aHandshakeThatIsAbandonedEndsAtItsDeadline(seed: UInt64) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeTimeout = .seconds(3)
        let pair = try Pair(seed: seed, services: [EchoService()], configuration: configuration)
        let connection = try pair.connect()
        // The client's first flight is on its way; it never answers the server's.
        pair.run(for: .milliseconds(7))
        pair.client.abandon(connection, at: pair.now)
        #expect(pair.server.statistics.connections.handshaking == 1)
        #expect(pair.server.statistics.ledgerTotal.liveBytes > 10_000)
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.handshaking == 1)
        pair.run(for: .seconds(2))
        #expect(pair.serverCloses == [.handshakeTimeout])
        expectEverythingReturned(pair)
    }

    @Test(arguments: seeds)
    func aClientWhoseServerIsSilentGivesUpAtItsHandshakeDeadline(seed: UInt64) throws {
        let pair = try Pair(seed: seed, services: [EchoService()])
        pair.network.admits = { $0.path.local != Pair.serverAddress }
        _ = try pair.connect()
        pair.run(for: .seconds(11))
        #expect(pair.clientCloses == [.handshakeTimeout])
        expectEverythingReturned(pair)
    }

    // RFC 9000 §10.3: a server that has lost its state answers with a stateless reset.
    @Test(arguments: seeds)
    func aServerThatLostItsStateResetsTheConnection(seed: UInt64) throws {
        let pair = try Pair(seed: seed, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        pair.restartServer()
        _ = try pair.send(message(of: 64, seed: seed), on: connection)
        pair.run(for: .seconds(1))
        #expect(pair.clientCloses == [.statelessReset])
        #expect(pair.server.statistics.statelessResets == 1)
        expectEverythingReturned(pair)
    }

    @Test(arguments: seeds)
    func aShutdownClosesEveryConnection(seed: UInt64) throws {
        let pair = try Pair(seed: seed, services: [EchoService()])
        for _ in 0..<100 { _ = try pair.connect() }
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.connections.established == 100)
        pair.server.shutDown()
        pair.run(for: .seconds(10))
        #expect(pair.server.isShutDown)
        #expect(pair.serverCloses == Array(repeating: .shutdown, count: 100))
        #expect(pair.clientCloses == Array(repeating: .peerClose, count: 100))
        expectEverythingReturned(pair)
    }

    @Test func aServerThatShutsDownRefusesNewConnections() throws {
        let pair = try Pair(seed: 5, services: [EchoService()])
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        pair.server.shutDown()
        _ = try pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.admissions["refuse_shutdown"] == 1)
        #expect(pair.clientCloses == [.peerClose, .refused])
        #expect(pair.server.isShutDown)
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }

    @Test func theHandleOfAConnectionThatEndedLeadsToNobody() throws {
        let pair = try Pair(seed: 4, services: [EchoService()])
        _ = try #require(try pair.connectAndEstablish())
        let first = try #require(try pair.connectAndEstablish())
        let old = ConnectionHandle(index: 1, generation: 2)
        #expect(pair.server.connection(old) != nil)
        pair.client.close(first, at: pair.now)
        pair.run(for: .seconds(10))
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        #expect(pair.server.connection(ConnectionHandle(index: 1, generation: 3)) != nil, "the same slot")
        #expect(pair.server.connection(old) == nil)
        pair.server.close(old, at: pair.now)
        #expect(pair.server.statistics.connections.established == 2)
    }

    @Test func closingRecordsAreBoundedAndTheOldestGoFirst() throws {
        var configuration = EndpointConfiguration()
        configuration.closingLimit = 10
        let pair = try Pair(seed: 9, services: [EchoService()], configuration: configuration)
        var connections: [Connection] = []
        for _ in 0..<30 { connections.append(try pair.connect()) }
        pair.run(for: .seconds(1))
        for (number, connection) in connections.enumerated() {
            pair.client.close(connection, at: pair.now)
            pair.run(for: .milliseconds(6))
            #expect(pair.server.statistics.connections.draining == min(number + 1, 10))
        }
        #expect(pair.server.statistics.connectionIDs <= 10 * 4)
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == Array(repeating: .peerClose, count: 30))
        expectEverythingReturned(pair)
    }

    @Test func aClosingConnectionAnswersLatePacketsLessAndLess() throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        var closePackets = 0
        pair.network.admits = { transit in
            // The client hears nothing from now on, and goes on talking.
            if transit.path.local != Pair.serverAddress { closePackets += 1 }
            return transit.path.local == Pair.serverAddress
        }
        pair.server.close(ConnectionHandle(index: 0, generation: 1), at: pair.now)
        for _ in 0..<40 {
            _ = try? pair.send([1], on: connection)
            pair.run(for: .milliseconds(1))
        }
        #expect(pair.server.statistics.drops[.closing, default: 0] > 8)
        // One close packet at once, then one for the 1st, 2nd, 4th … late packet.
        #expect((2...8).contains(closePackets), "\(closePackets)")
        pair.run(for: .seconds(60))
        #expect(pair.serverCloses == [.localClose])
        expectEverythingReturned(pair)
    }
}

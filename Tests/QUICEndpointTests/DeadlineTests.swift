import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Peers that keep a connection alive without getting anywhere.
@Suite struct DeadlineTests {
    /// A client whose own deadlines do not end the connection first.
    private var patientClient: EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.transport.noProgressTimeout = nil
        configuration.transport.acknowledgementTimeout = nil
        configuration.transport.idleTimeout = .seconds(600)
        return configuration
    }

    private func pair(_ change: (inout TransportConfiguration) -> Void = { _ in }) throws -> Pair {
        var configuration = EndpointConfiguration()
        change(&configuration.transport)
        return try Pair(
            seed: 1,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: patientClient
        )
    }

    @Test func pingsKeepAConnectionAliveBeyondTheIdleTimeoutButNotBeyondTheNoProgressTimeout() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        connection.keepAlive(every: .seconds(5))
        pair.client.touch(connection)
        pair.run(for: .seconds(50))
        #expect(pair.server.statistics.connections.established == 1)
        pair.run(for: .seconds(15))
        #expect(pair.serverCloses == [.noProgress])
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }

    @Test func bytesOnAStreamAreProgress() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        connection.keepAlive(every: .seconds(5))
        for _ in 0..<10 {
            _ = try pair.send([1], on: connection)
            pair.run(for: .seconds(30))
        }
        #expect(pair.server.statistics.connections.established == 1)
    }

    @Test func aConversationOnOneStreamGoesOn() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        connection.keepAlive(every: .seconds(5))
        let stream = try connection.openStream()
        for round in 1...60 {
            try stream.write(message(of: 64, seed: UInt64(round)))
            pair.client.touch(connection)
            pair.run(for: .seconds(10))
            #expect(pair.recorder.received(on: connection, stream.id).bytes.count == 64 * round)
        }
        #expect(pair.server.statistics.connections.established == 1)
    }

    @Test func aTrickleOnOneStreamIsNoProgress() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream()
        let byte: [UInt8] = [1]
        for _ in 0..<59 {
            try stream.write(byte)
            pair.client.touch(connection)
            pair.run(for: .seconds(1))
        }
        #expect(pair.server.statistics.connections.established == 1)
        pair.run(for: .seconds(2))
        #expect(pair.serverCloses == [.noProgress])
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }

    @Test func withheldAcknowledgementsEndTheConnectionAlthoughPingsArrive() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        connection.keepAlive(every: .seconds(2))
        // The client hears nothing any more, so it acknowledges nothing; what it sends arrives.
        pair.network.admits = { $0.path.local == Pair.serverAddress }
        _ = try pair.send(message(of: 1_000, seed: 1), on: connection)
        pair.run(for: .seconds(15))
        #expect(pair.server.statistics.connections.established == 1)
        pair.run(for: .seconds(3))
        #expect(pair.serverCloses == [.acknowledgementSilence])
        pair.client.abandon(connection, at: pair.now)
        pair.run(for: .seconds(20))
        expectEverythingReturned(pair)
    }

    @Test func aConnectionEndsWithItsLifetimeHoweverBusyItIs() throws {
        let pair = try pair { $0.lifetime = .seconds(20) }
        let connection = try #require(try pair.connectAndEstablish())
        for _ in 0..<19 {
            _ = try pair.send([1], on: connection)
            pair.run(for: .seconds(1))
        }
        #expect(pair.server.statistics.connections.established == 1)
        pair.run(for: .seconds(2))
        #expect(pair.serverCloses == [.lifetime])
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }
}

import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Paths that are dead for a while and heal before the idle timeout. Nobody is at fault, so nobody's connection may end.
///
/// RFC 9000 §10.1.2: an endpoint that sends packets close to the effective timeout risks having them be discarded at the peer,
/// since the idle timeout period might have expired at the peer before these packets arrive.
@Suite struct OutageTests {
    private static let seeds = 1...30 as ClosedRange<UInt64>

    /// A transfer over a path of a seed's own that is interrupted in its middle.
    private struct Interrupted {
        let pair: Pair
        let connection: Connection
        let transfer: Transfer

        init(
            _ kind: Transfer.Kind,
            seed: UInt64,
            server: EndpointConfiguration = EndpointConfiguration(),
            client: EndpointConfiguration = EndpointConfiguration()
        ) throws {
            var generator = SeededGenerator(seed: seed)
            let latency = Duration.milliseconds(Int.random(in: 5...60, using: &generator))
            pair = try Pair(
                seed: seed,
                services: [FetchAndEchoService()],
                configuration: server,
                clientConfiguration: client,
                clientService: TransferClient(),
                conditions: .init(latency: latency, jitter: latency / 8, loss: 0, duplication: 0)
            )
            connection = try #require(try pair.connectAndEstablish())
            transfer = try pair.begin(kind, bytes: 1 << 20, on: connection)
            pair.run(for: latency * Int.random(in: 50...90, using: &generator) / 10)
            try #require(!transfer.hasEnded && transfer.receivedBytes > 0)
        }

        func interrupt(for outage: Duration) {
            pair.network.admits = { _ in false }
            pair.run(for: outage)
            pair.network.admits = { _ in true }
        }
    }

    @Test(arguments: [Transfer.Kind.download, .echo], seeds)
    func aTransferOutlivesAnOutageOfAnyLength(kind: Transfer.Kind, seed: UInt64) throws {
        var generator = SeededGenerator(seed: ~seed)
        for seconds in [Int.random(in: 5...28, using: &generator), 29] {
            let interrupted = try Interrupted(kind, seed: seed)
            interrupted.interrupt(for: .seconds(seconds))
            let pair = interrupted.pair
            pair.run(for: .seconds(60)) { interrupted.transfer.hasEnded }
            #expect(interrupted.transfer.isComplete, "\(interrupted.transfer), \(seconds) s: \(pair.serverCloses)")
        }
    }

    // RFC 9002 §6.2.4: "An endpoint MAY send up to two full-sized datagrams containing ack-eliciting packets to avoid an expensive
    // consecutive PTO expiration due to a single lost datagram".
    @Test(arguments: [Transfer.Kind.download, .echo], 1...10 as ClosedRange<UInt64>)
    func aPathThatHealsLateMayLoseOnePacketMore(kind: Transfer.Kind, seed: UInt64) throws {
        for lostPackets in [1, 2] {
            let interrupted = try Interrupted(kind, seed: seed)
            interrupted.interrupt(for: .milliseconds(28_900))
            let pair = interrupted.pair
            var passed = 0
            // The server's: its client, which may have something to say as well, stays silent until it hears one.
            pair.network.admits = { transit in
                if transit.path.local != Pair.serverAddress { passed += 1 }
                return passed > lostPackets
            }
            pair.run(for: .seconds(60)) { interrupted.transfer.hasEnded }
            // The negative control: there is no third chance.
            let isComplete = interrupted.transfer.isComplete
            #expect(isComplete == (lostPackets < 2), "\(interrupted.transfer): \(pair.serverCloses)")
        }
    }

    // RFC 9000 §10.1: "the effective value at an endpoint is computed as the minimum of the two advertised values (or the sole
    // advertised value, if only one endpoint advertises a non-zero value)."
    @Test(arguments: [Transfer.Kind.download, .echo], 1...5 as ClosedRange<UInt64>)
    func aServerProbesBeforeTheIdleTimeoutThatItsClientAloneHas(kind: Transfer.Kind, seed: UInt64) throws {
        var server = EndpointConfiguration()
        server.transport.idleTimeout = .zero
        let pair = try Interrupted(kind, seed: seed, server: server).pair
        let start = pair.now
        var latest = start
        pair.network.admits = { transit in
            if transit.path.local != Pair.serverAddress { latest = transit.arrival }
            return false
        }
        pair.run(for: .seconds(31))
        #expect(pair.serverCloses == [.idleTimeout])
        let last = start.duration(to: latest)
        #expect((Duration.seconds(29) ... .seconds(30)).contains(last), "\(last)")
    }

    // RFC 9000 §18.2: "Idle timeout is disabled when both endpoints omit this transport parameter or specify a value of 0."
    @Test func aConnectionWithoutIdleTimeoutsOutlivesAnyOutage() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.idleTimeout = .zero
        configuration.transport.noProgressTimeout = nil
        let interrupted = try Interrupted(.download, seed: 1, server: configuration, client: configuration)
        interrupted.interrupt(for: .seconds(600))
        let pair = interrupted.pair
        pair.run(for: .seconds(1_200)) { interrupted.transfer.hasEnded }
        #expect(interrupted.transfer.isComplete, "\(interrupted.transfer): \(pair.serverCloses)")
    }

    /// The negative control: a path that does not heal in time.
    @Test(arguments: [Transfer.Kind.download, .echo])
    func anOutageLongerThanTheIdleTimeoutEndsTheConnection(kind: Transfer.Kind) throws {
        let interrupted = try Interrupted(kind, seed: 1)
        interrupted.interrupt(for: .seconds(31))
        #expect(interrupted.pair.serverCloses == [.idleTimeout])
        interrupted.pair.run(for: .seconds(60))
        expectEverythingReturned(interrupted.pair)
    }

    @Test(arguments: [5, 12, 15, 17, 25])
    func aPeerThatIsHeardIsProbedAtOnce(seconds: Int) throws {
        let interrupted = try Interrupted(.download, seed: 3)
        interrupted.interrupt(for: .seconds(seconds))
        let pair = interrupted.pair
        let before = interrupted.transfer.receivedBytes
        interrupted.connection.keepAlive(every: .milliseconds(1))
        pair.client.touch(interrupted.connection)
        pair.run(for: .milliseconds(2))
        interrupted.connection.keepAlive(every: nil)
        pair.run(for: .milliseconds(500))
        #expect(interrupted.transfer.receivedBytes > before)
        #expect(pair.serverCloses.isEmpty)
    }

    @Test(arguments: seeds)
    func aHandshakeOutlivesAnOutageThatEndsBeforeItsNextProbe(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pair = try Pair(seed: seed, services: [EchoService()])
        let connection = try pair.connect()
        pair.run(for: .milliseconds(Int.random(in: 0...14, using: &generator)))
        pair.network.admits = { _ in false }
        // Probes come after 1, 3 and 7 s. RFC 9002 §6.2.2: the initial round trip is 333 ms.
        pair.run(for: .milliseconds(6_900))
        pair.network.admits = { _ in true }
        pair.run(for: .milliseconds(3_000)) { connection.state == .established }
        #expect(connection.state == .established)
    }
}

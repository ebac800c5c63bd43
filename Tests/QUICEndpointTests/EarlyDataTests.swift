import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Bytes that clients send before their handshake is complete. RFC 9001 §4.6.
@Suite struct EarlyDataTests {
    /// Sends back what arrives, and notes when it did.
    private final class Watchful: StreamService {
        let applicationProtocol = "echo"
        let acceptsEarlyData: Bool
        private(set) var earlyBytes = 0
        private(set) var lateBytes = 0
        private(set) var connectionsOpened = 0
        private(set) var earlyConnectionsOpened = 0
        private(set) var closed = 0
        /// The most that a connection in its handshake held of what its limit counts.
        private(set) var handshakePeakBytes = 0

        init(acceptsEarlyData: Bool = true) {
            self.acceptsEarlyData = acceptsEarlyData
        }

        func connectionDidOpen(_ connection: Connection) {
            connectionsOpened += 1
            if connection.isHandshaking { earlyConnectionsOpened += 1 }
        }

        func connectionDidClose(_ connection: Connection, _ report: CloseReport) { closed += 1 }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            if stream.connection.isHandshaking {
                #expect(stream.arrivedEarly)
                earlyBytes += bytes.byteCount
                handshakePeakBytes = max(handshakePeakBytes, stream.connection.account.limitedBytes)
            } else {
                lateBytes += bytes.byteCount
            }
            if bytes.byteCount > 0 { try stream.write(bytes) }
            if isFinal { stream.finish() }
        }

        func stream(_ stream: Stream, didRelease count: Int) { stream.extendCredit(count) }
    }

    private func serverTLS(_ earlyData: EarlyDataConfiguration? = EarlyDataConfiguration()) throws -> TLSServerContext {
        try TLSServerContext(
            certificate: .selfSigned,
            protocols: try ApplicationProtocols(["echo"]),
            earlyData: earlyData
        )
    }

    private func clientTLS() throws -> TLSClientContext {
        try TLSClientContext(protocols: try ApplicationProtocols(["echo"]), resumesSessions: true)
    }

    private func pair(
        _ service: Watchful,
        _ tls: TLSServerContext,
        seed: UInt64 = 1,
        _ configuration: EndpointConfiguration = EndpointConfiguration()
    ) throws -> Pair {
        try Pair(seed: seed, services: [service], configuration: configuration, serverTLS: tls)
    }

    /// Has a connection for its ticket.
    private func fetchTicket(_ pair: Pair, _ tls: TLSClientContext) throws {
        let connection = try pair.connect(tls: tls, offersEarlyData: true)
        #expect(connection.earlyData == .none)
        pair.run(for: .seconds(8)) { connection.state == .established }
        try #require(connection.state == .established)
        pair.run(for: .seconds(1))
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
    }

    /// Sends `messages` at once, each on a stream, and expects each to come back.
    private func expectEchoes(
        _ messages: [[UInt8]],
        of pair: Pair,
        _ tls: TLSClientContext,
        _ outcome: EarlyDataState,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let connection = try pair.connect(tls: tls, offersEarlyData: true)
        try #require(connection.earlyData == .offered, sourceLocation: sourceLocation)
        let streams = try messages.map { try pair.send($0, on: connection) }
        pair.run(for: .seconds(20)) { streams.allSatisfy { pair.recorder.received(on: connection, $0).isComplete } }
        for (stream, message) in zip(streams, messages) {
            #expect(pair.recorder.received(on: connection, stream).bytes == message, sourceLocation: sourceLocation)
        }
        #expect(connection.earlyData == outcome, sourceLocation: sourceLocation)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        #expect(pair.serverCloses.allSatisfy { $0 == .peerClose }, sourceLocation: sourceLocation)
        expectEverythingReturned(pair, sourceLocation: sourceLocation)
    }

    private static let messages = (1...3).map { message(of: 500 * $0, seed: UInt64($0)) }

    @Test func earlyDataReachesAServiceThatAsksForIt() throws {
        let (service, server, client) = (Watchful(), try serverTLS(), try clientTLS())
        let pair = try pair(service, server)
        try fetchTicket(pair, client)
        #expect(service.earlyConnectionsOpened == 0)
        try expectEchoes(Self.messages, of: pair, client, .accepted)
        #expect(service.earlyBytes == 3_000 && service.lateBytes == 0)
        #expect(service.connectionsOpened == 2 && service.earlyConnectionsOpened == 1 && service.closed == 2)
        let counts = pair.server.statistics.earlyData
        #expect(counts.offered == 1 && counts.accepted == 1 && counts.rejected == 0)
        #expect(server.replayStore.entries == 1)
        // The ticket of a connection that began so is as good.
        try expectEchoes(Self.messages, of: pair, client, .accepted)
    }

    /// A whole exchange takes one round trip, and two without.
    @Test func anAnswerToEarlyDataComesWithTheServersFirstFlight() throws {
        let (service, client) = (Watchful(), try clientTLS())
        let pair = try pair(service, try serverTLS())
        try fetchTicket(pair, client)
        let connection = try pair.connect(tls: client, offersEarlyData: true)
        let (begin, stream) = (pair.now, try pair.send([1, 2, 3], on: connection))
        pair.run(for: .seconds(5)) { pair.recorder.received(on: connection, stream).isComplete }
        let early = begin.duration(to: pair.now)
        let other = try pair.connect(tls: client)
        let secondBegin = pair.now
        pair.run(for: .seconds(5)) { other.state == .established }
        let second = try pair.send([1, 2, 3], on: other)
        pair.run(for: .seconds(5)) { pair.recorder.received(on: other, second).isComplete }
        #expect(early < secondBegin.duration(to: pair.now) * 3 / 4, "\(early)")
    }

    @Test func aServerAllowsNoneByDefault() throws {
        let (service, client) = (Watchful(), try clientTLS())
        let pair = try pair(service, try serverTLS(nil))
        try fetchTicket(pair, client)
        let connection = try pair.connect(tls: client, offersEarlyData: true)
        #expect(connection.earlyData == .none)
        #expect(throws: QUICError.self) { try connection.openStream() }
        pair.run(for: .seconds(1))
        #expect(connection.state == .established && service.earlyBytes == 0)
        #expect(pair.server.statistics.earlyData == EarlyDataCounts())
    }

    @Test func aClientOffersNoneByDefault() throws {
        let (service, client) = (Watchful(), try clientTLS())
        let pair = try pair(service, try serverTLS())
        try fetchTicket(pair, client)
        let connection = try pair.connect(tls: client)
        #expect(connection.earlyData == .none)
        #expect(throws: QUICError.self) { try connection.openStream() }
        pair.run(for: .seconds(1))
        #expect(connection.state == .established)
    }

    // MARK: - Rejected

    /// The client sends the same streams again.
    @Test func aServiceThatDoesNotAskForItSeesNothingEarly() throws {
        let (service, server, client) = (Watchful(acceptsEarlyData: false), try serverTLS(), try clientTLS())
        let pair = try pair(service, server)
        try fetchTicket(pair, client)
        try expectEchoes(Self.messages, of: pair, client, .rejected)
        #expect(service.earlyBytes == 0 && service.lateBytes == 3_000 && service.earlyConnectionsOpened == 0)
        let counts = pair.server.statistics.earlyData
        #expect(counts.offered == 1 && counts.accepted == 0 && counts.rejected == 1)
        #expect(server.replayStore.entries == 0)
    }

    @Test func anotherServerMakesNothingOfIt() throws {
        let client = try clientTLS()
        try fetchTicket(try pair(Watchful(), try serverTLS()), client)
        let service = Watchful()
        let other = try pair(service, try serverTLS(), seed: 2)
        try expectEchoes(Self.messages, of: other, client, .rejected)
        #expect(service.earlyBytes == 0 && service.lateBytes == 3_000)
        #expect(other.server.statistics.earlyData.rejected == 1)
    }

    @Test func aServerThatAcceptsNoneAnyMoreMakesNothingOfIt() throws {
        let client = try clientTLS()
        try fetchTicket(try pair(Watchful(), try serverTLS()), client)
        let other = try pair(Watchful(), try serverTLS(nil), seed: 2)
        try expectEchoes(Self.messages, of: other, client, .rejected)
    }

    // RFC 9000 §7.4.1: "A server that accepts 0-RTT data MUST NOT set values for the following parameters that are smaller than the
    // remembered values of the parameters."
    @Test(arguments: 0..<4)
    func aServerWithOtherLimitsMakesNothingOfIt(change: Int) throws {
        let (server, client) = (try serverTLS(), try clientTLS())
        try fetchTicket(try pair(Watchful(), server), client)
        var configuration = EndpointConfiguration()
        switch change {
        case 0: configuration.transport.streamWindow = WindowRange(initialBytes: 16 << 10, maximumBytes: 16 << 20)
        case 1: configuration.transport.connectionWindow = WindowRange(initialBytes: 32 << 10, maximumBytes: 16 << 20)
        case 2: configuration.transport.peerBidirectionalStreams = 3
        // The same limits: the control.
        default: break
        }
        let other = try pair(Watchful(), server, seed: 2, configuration)
        try expectEchoes(Self.messages, of: other, client, change == 3 ? .accepted : .rejected)
    }

    /// The streams that it does not allow are cancelled, and the others go on.
    @Test func aServerThatAllowsFewerStreamsHasTheOthersCancelled() throws {
        let client = try clientTLS()
        try fetchTicket(try pair(Watchful(), try serverTLS()), client)
        var configuration = EndpointConfiguration()
        configuration.transport.peerBidirectionalStreams = 2
        let other = try pair(Watchful(), try serverTLS(), seed: 2, configuration)
        let connection = try other.connect(tls: client, offersEarlyData: true)
        let streams = try (0..<4).map { _ in try other.send([5], on: connection) }
        let reset = try other.send([6], on: connection)
        connection.stream(reset)?.reset(code: 7)
        other.run(for: .seconds(5))
        #expect(connection.state == .established && connection.earlyData == .rejected)
        for (index, stream) in streams.enumerated() {
            #expect(other.recorder.received(on: connection, stream).isComplete == (index < 2), "\(index)")
        }
        #expect(connection.streamCount == 0)
        let next = try other.send([8], on: connection)
        other.run(for: .seconds(5))
        #expect(other.recorder.received(on: connection, next).bytes == [8])
        other.client.close(connection, at: other.now)
        other.run(for: .seconds(60))
        expectEverythingReturned(other)
    }

    @Test func aFullStoreRefusesAndTheHandshakeGoesOn() throws {
        var limits = EarlyDataConfiguration()
        limits.replayStoreBytesLimit = 4 << 10
        let (service, server, client) = (Watchful(), try serverTLS(limits), try clientTLS())
        let pair = try pair(service, server)
        try fetchTicket(pair, client)
        let store = try #require(server.earlyData?.store)
        for number in 0..<limits.connectionsPerLifetime {
            #expect(store.admit(Array("\(number)".utf8), at: UInt64(time(nil))) == nil)
        }
        try expectEchoes(Self.messages, of: pair, client, .rejected)
        #expect(service.earlyBytes == 0)
        #expect(server.replayStore.refusedFull == 1 && server.replayStore.bytes == 2 << 10)
    }

    // MARK: - Replays

    /// The datagrams that `connection` sends first.
    private func firstFlight(_ pair: Pair) -> [[UInt8]] {
        let batch = TransmitBatch()
        pair.client.transmit(into: batch, at: pair.now)
        return batch.entries.map { entry in batch.withBytes(of: entry) { Array(copying: $0) } }
    }

    // RFC 8446 §8: "Servers […] can limit the number of times that early data is accepted."
    @Test(arguments: [false, true])
    func aReplayIsNotAcceptedAgain(isAtAnotherWorker: Bool) throws {
        let (service, server, client) = (Watchful(), try serverTLS(), try clientTLS())
        let pair = try pair(service, server)
        try fetchTicket(pair, client)
        let connection = try pair.connect(tls: client, offersEarlyData: true)
        _ = try pair.send(message(of: 100, seed: 1), on: connection)
        let flight = firstFlight(pair)
        for datagram in flight { pair.inject(datagram, from: SocketAddress(ipv4: 203, 0, 113, 5, port: 999)) }
        #expect(service.earlyBytes == 100 && pair.server.statistics.earlyData.accepted == 1)
        pair.client.abandon(connection, at: pair.now)
        pair.run(for: .seconds(60))
        let attacker = SocketAddress(ipv4: 203, 0, 113, 6, port: 999)
        guard isAtAnotherWorker else {
            for datagram in flight { pair.inject(datagram, from: attacker) }
            #expect(service.earlyBytes == 100 && service.lateBytes == 0)
            let counts = pair.server.statistics.earlyData
            #expect(counts.offered == 2 && counts.accepted == 1 && counts.rejected == 1)
            #expect(server.replayStore.replayed == 1)
            pair.run(for: .seconds(60))
            return expectEverythingReturned(pair)
        }
        var configuration = EndpointConfiguration()
        (configuration.workerIndex, configuration.workerCount) = (1, 2)
        let otherService = Watchful()
        let other = Endpoint(configuration: configuration, tls: server, services: [otherService])
        let path = NetworkPath(local: Pair.serverAddress, remote: attacker)
        for datagram in flight {
            unsafe other.receive(datagram.span.bytes, path: path, ecn: .notCapable, at: pair.now)
        }
        #expect(otherService.earlyBytes == 0 && otherService.connectionsOpened == 0)
        #expect(other.statistics.earlyData.rejected == 1 && other.statistics.earlyData.accepted == 0)
        #expect(server.replayStore.replayed == 1)
        // The first flight is accepted by a worker that has never seen it.
        let second = try pair.connect(tls: client, offersEarlyData: true)
        _ = try pair.send([1], on: second)
        for datagram in firstFlight(pair) {
            unsafe other.receive(datagram.span.bytes, path: path, ecn: .notCapable, at: pair.now)
        }
        // In the next turn: this one has opened a connection already.
        other.expire(at: pair.now)
        #expect(otherService.earlyBytes == 1)
        pair.client.abandon(second, at: pair.now)
    }

    // MARK: - Limits

    // RFC 9000 §8.1: prior to validating the client address, servers MUST NOT send more than three times as many bytes as they received.
    @Test func earlyDataDoesNotLiftTheAmplificationLimit() throws {
        let (service, client) = (Watchful(), try clientTLS())
        let pair = try pair(service, try serverTLS())
        try fetchTicket(pair, client)
        let sentBefore = pair.server.statistics.transmitted.bytes
        let connection = try pair.connect(tls: client, offersEarlyData: true)
        for _ in 0..<4 { _ = try pair.send(message(of: 2_000, seed: 1), on: connection) }
        let flight = firstFlight(pair)
        pair.client.abandon(connection, at: pair.now)
        for datagram in flight { pair.inject(datagram, from: SocketAddress(ipv4: 203, 0, 113, 5, port: 999)) }
        #expect(service.earlyBytes > 0)
        pair.run(for: .seconds(60))
        let sent = pair.server.statistics.transmitted.bytes - sentBefore
        #expect(sent <= 3 * flight.reduce(0) { $0 + $1.count } && sent > 0)
        #expect(service.closed == 2)
        expectEverythingReturned(pair)
    }

    @Test func aRetryComesBeforeEarlyData() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = .always
        let (service, client) = (Watchful(), try clientTLS())
        let pair = try pair(service, try serverTLS(), configuration)
        try fetchTicket(pair, client)
        let before = pair.server.statistics
        let connection = try pair.connect(tls: client, offersEarlyData: true)
        _ = try pair.send([1, 2, 3], on: connection)
        for datagram in firstFlight(pair) {
            pair.inject(datagram, from: SocketAddress(ipv4: 203, 0, 113, 5, port: 999))
        }
        #expect(pair.server.statistics.connections.created == before.connections.created && service.earlyBytes == 0)
        pair.client.abandon(connection, at: pair.now)
        try expectEchoes(Self.messages, of: pair, client, .accepted)
        #expect(pair.server.statistics.retries >= before.retries + 2 && service.earlyBytes == 3_000)
    }

    /// A handshake's limit holds until the handshake is complete, and an honest client does not meet it.
    @Test(arguments: [48 << 10, 34 << 10])
    func earlyDataIsHeldToTheLimitOfAHandshake(limit: Int) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeBytesLimit = limit
        let (service, client) = (Watchful(), try clientTLS())
        let pair = try pair(service, try serverTLS(), configuration)
        try fetchTicket(pair, client)
        let messages = (1...3).map { message(of: 20_000, seed: UInt64($0)) }
        // With less than 46 KiB there is no room for any.
        let isEnough = limit >= 46 << 10
        try expectEchoes(messages, of: pair, client, isEnough ? .accepted : .rejected)
        #expect(service.handshakePeakBytes <= limit && (service.earlyBytes > 0) == isEnough)
        #expect(service.earlyBytes + service.lateBytes == 60_000)
        #expect((pair.server.statistics.earlyData.heldBack > 0) == isEnough)
    }

    /// Nine of two hundred seeds lost a ClientHello that had no room to be sent again.
    @Test(arguments: testSeeds + Array(7_000..<7_100))
    func nothingIsLostOnALossyPath(seed: UInt64) throws {
        let (service, server, client) = (Watchful(), try serverTLS(), try clientTLS())
        let pair = try Pair(
            seed: seed,
            services: [service],
            serverTLS: server,
            conditions: .init(jitter: .milliseconds(3), loss: 0.1, duplication: 0.1)
        )
        try fetchTicket(pair, client)
        let connection = try pair.connect(tls: client, offersEarlyData: true)
        guard connection.earlyData == .offered else { return }
        let messages = (1...4).map { message(of: 4_000, seed: UInt64($0)) }
        let streams = try messages.map { try pair.send($0, on: connection) }
        pair.run(for: .seconds(30)) { streams.allSatisfy { pair.recorder.received(on: connection, $0).isComplete } }
        for (stream, message) in zip(streams, messages) {
            #expect(pair.recorder.received(on: connection, stream).bytes == message)
        }
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

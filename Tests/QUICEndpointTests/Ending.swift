import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// A way for the only connection of a pair to end, seen from one side.
struct Ending: Sendable, CustomTestStringConvertible {
    let cause: CloseCause
    /// The side that is to count this cause; the other may count another.
    let side: Connection.Role
    private let configure:
        @Sendable (_ server: inout EndpointConfiguration, _ client: inout EndpointConfiguration) -> Void
    /// Opens the connection and does what ends it, or what lets its deadline come.
    let bringAbout: @Sendable (Pair) throws -> Void
    private let clientProtocol: String

    init(
        _ cause: CloseCause,
        at side: Connection.Role,
        clientProtocol: String = "echo",
        _ configure: @escaping @Sendable (inout EndpointConfiguration, inout EndpointConfiguration) -> Void = { _, _ in
        },
        bringAbout: @escaping @Sendable (Pair) throws -> Void
    ) {
        self.cause = cause
        self.side = side
        self.clientProtocol = clientProtocol
        self.configure = configure
        self.bringAbout = bringAbout
    }

    var testDescription: String { "\(cause) at the \(side)" }

    /// A server and its clients with which this end comes first.
    func makePair(seed: UInt64) throws -> Pair {
        var server = EndpointConfiguration()
        var client = EndpointConfiguration()
        configure(&server, &client)
        return try Pair(
            seed: seed,
            services: [EchoService()],
            clientProtocols: [clientProtocol],
            configuration: server,
            clientConfiguration: client
        )
    }

    static let all = byThePeer + byChoice + byTheClock + byErrors + byMemory + beforeAnything

    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)
    private static let serverHandle = ConnectionHandle(index: 0, generation: 1)

    /// Keeps the deadlines of one side from coming first.
    private static func makePatient(_ configuration: inout EndpointConfiguration) {
        configuration.transport.noProgressTimeout = nil
        configuration.transport.acknowledgementTimeout = nil
        configuration.transport.idleTimeout = .seconds(600)
    }

    private static func establish(_ pair: Pair) throws -> Connection {
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        return connection
    }

    private static func sendByHand(_ frames: [UInt8], _ pair: Pair) throws {
        let client = try #require(try HostileClient(pair: pair))
        client.send(frames)
    }
}

// MARK: - Ends that somebody wanted

extension Ending {
    private static let byThePeer: [Ending] = [
        Ending(.peerClose, at: .server) { pair in
            pair.client.close(try establish(pair), at: pair.now)
        },
        Ending(.peerClose, at: .client) { pair in
            _ = try establish(pair)
            pair.server.close(serverHandle, at: pair.now)
        },
        Ending(.refused, at: .server) { try sendByHand(Frame.connectionClose(0x02), $0) },
        Ending(.refused, at: .client, { server, _ in server.admission.connections = 0 }) { pair in
            _ = try pair.connect()
        },
        // RFC 9000 §10.3.1: the token came with the connection ID that the server uses now.
        Ending(.statelessReset, at: .server) { pair in
            let client = try #require(try HostileClient(pair: pair))
            let token = [UInt8](repeating: 0x77, count: 16)
            client.send(Frame.newConnectionID(2, retiringBefore: 2, [UInt8](repeating: 7, count: 12), token: token))
            pair.inject([0x40] + [UInt8](repeating: 0x33, count: 40) + token, from: client.address)
        },
        Ending(.statelessReset, at: .client) { pair in
            let connection = try establish(pair)
            pair.restartServer()
            _ = try pair.send([1], on: connection)
        },
    ]

    private static let byChoice: [Ending] = [
        Ending(.localClose, at: .server) { pair in
            _ = try establish(pair)
            pair.server.close(serverHandle, at: pair.now)
        },
        Ending(.localClose, at: .client) { pair in
            pair.client.close(try establish(pair), at: pair.now)
        },
        Ending(.shutdown, at: .server) { pair in
            _ = try establish(pair)
            pair.server.shutDown()
        },
        Ending(.drained, at: .server) { pair in
            _ = try establish(pair)
            pair.server.drain(by: pair.now.advanced(by: .seconds(60)), at: pair.now)
        },
        Ending(.workerFailed, at: .server) { pair in
            _ = try establish(pair)
            pair.server.fail()
        },
        Ending(.workerFailed, at: .client) { pair in
            _ = try establish(pair)
            pair.client.fail()
        },
        Ending(.abandoned, at: .client) { pair in
            pair.client.abandon(try establish(pair), at: pair.now)
        },
    ]
}

// MARK: - Deadlines

extension Ending {
    private static let byTheClock: [Ending] = [
        Ending(.idleTimeout, at: .server) { _ = try establish($0) },
        Ending(.idleTimeout, at: .client) { _ = try establish($0) },
        Ending(.handshakeTimeout, at: .server) { pair in
            let connection = try pair.connect()
            pair.run(for: .milliseconds(7))
            pair.client.abandon(connection, at: pair.now)
        },
        Ending(.handshakeTimeout, at: .client) { pair in
            pair.network.admits = { $0.path.local != Pair.serverAddress }
            _ = try pair.connect()
        },
        Ending(.acknowledgementSilence, at: .server, { makePatient(&$1) }) { pair in
            let connection = try establish(pair)
            connection.keepAlive(every: .seconds(2))
            pair.network.admits = { $0.path.local == Pair.serverAddress }
            _ = try pair.send([1], on: connection)
            pair.run(for: .seconds(20))
            pair.client.abandon(connection, at: pair.now)
        },
        Ending(.acknowledgementSilence, at: .client, { server, _ in makePatient(&server) }) { pair in
            let connection = try establish(pair)
            _ = try pair.send([1], on: connection)
            // The server has heard it, and probes for the acknowledgement of its echo.
            pair.run(for: .milliseconds(7))
            pair.network.admits = { $0.path.local != Pair.serverAddress }
            _ = try pair.send([1], on: connection)
        },
        Ending(.noProgress, at: .server, { makePatient(&$1) }) { pair in
            let connection = try establish(pair)
            connection.keepAlive(every: .seconds(5))
            pair.client.touch(connection)
        },
        Ending(.noProgress, at: .client, { server, _ in makePatient(&server) }) { pair in
            let connection = try establish(pair)
            connection.keepAlive(every: .seconds(5))
            pair.client.touch(connection)
        },
        Ending(.uselessPackets, at: .server, { server, _ in server.transport.uselessPacketsPerSecond = 100 }) { pair in
            let client = try #require(try HostileClient(pair: pair))
            for _ in 0..<200 { client.send(Frame.ping) }
        },
        Ending(.lifetime, at: .server, { server, _ in server.transport.lifetime = .seconds(20) }) { pair in
            _ = try establish(pair)
        },
        Ending(.lifetime, at: .client, { $1.transport.lifetime = .seconds(20) }) { pair in
            _ = try establish(pair)
        },
        Ending(.retainedMemory, at: .server, { server, _ in server.transport.retainedBytesLimit = 1_024 }) { pair in
            let connection = try establish(pair)
            _ = try pair.send(message(of: 64, seed: 1), on: connection)
        },
    ]
}

// MARK: - Errors

extension Ending {
    private static let byErrors: [Ending] = [
        // RFC 9001 §8.1: no_application_protocol.
        Ending(.tlsAlert(120), at: .server, clientProtocol: "h3") { _ = try $0.connect() },
        Ending(.tlsAlert(120), at: .client, clientProtocol: "h3") { _ = try $0.connect() },
        // bad_certificate, as from a client that does not trust the server: after its handshake, and during it.
        Ending(.tlsAlert(42), at: .server) { try sendByHand(Frame.connectionClose(0x100 + 42), $0) },
        Ending(.tlsAlert(43), at: .server) { pair in
            let connection = try pair.connect()
            var firstFlight: [UInt8] = []
            pair.network.admits = { transit in
                if firstFlight.isEmpty { firstFlight = transit.bytes }
                return transit.path.local == Pair.serverAddress
            }
            pair.run(for: .milliseconds(7))
            let path = try #require(connection.path)
            pair.client.abandon(connection, at: pair.now)
            let initial = try #require(unsafe InitialPacket(firstFlight.span.bytes))
            var writer = InitialPacketWriter(
                destination: initial.destination,
                source: initial.source,
                firstPacketNumber: 100
            )
            pair.inject(writer.datagram(Frame.connectionClose(0x100 + 43)), from: path.local)
        },
        // RFC 9000 §12.4: an endpoint MUST treat the receipt of a frame of unknown type as a connection error.
        Ending(.transportError, at: .server) { try sendByHand([0x21], $0) },
        // An Initial packet that cannot be opened opens nothing.
        Ending(.transportError, at: .server, { server, _ in server.closingLimit = 0 }) { pair in
            var writer = InitialPacketWriter(seed: 7)
            var datagram = writer.datagram(Frame.ping)
            datagram[datagram.count - 1] ^= 1
            pair.inject(datagram, from: stranger)
        },
    ]

    /// Ends before there is anything to end, at either side.
    private static let beforeAnything: [Ending] = [
        // The whole ClientHello is missing: a probe.
        Ending(.addressValidation, at: .server) { pair in
            var writer = InitialPacketWriter(seed: 7)
            pair.inject(writer.datagram(Frame.ping), from: stranger)
        },
        // The ClientHello's beginning is missing, so what came has to be kept: for proven addresses only.
        Ending(.addressValidation, at: .server) { pair in
            var writer = InitialPacketWriter(seed: 7)
            pair.inject(writer.datagram(Frame.crypto(offset: 100, [0x55])), from: stranger)
        },
        // RFC 9000 §6.2: a client MUST abandon the connection attempt when it speaks none of the versions.
        Ending(.versionNegotiation, at: .client) { pair in
            let connection = try pair.connect()
            var firstFlight: [UInt8] = []
            pair.network.admits = { transit in
                firstFlight = transit.bytes
                return false
            }
            pair.run(for: .milliseconds(1))
            pair.network.admits = { $0.path.remote == Pair.serverAddress }
            let initial = try #require(unsafe InitialPacket(firstFlight.span.bytes))
            let answer: [UInt8] =
                [0x80, 0, 0, 0, 0] + [UInt8(initial.source.count)] + initial.source.bytes
                + [UInt8(initial.destination.count)] + initial.destination.bytes + [0x1a, 0x2a, 0x3a, 0x4a]
            let path = try #require(connection.path)
            pair.network.carry(answer, path: path, at: pair.now)
        },
    ]
}

// MARK: - Memory

extension Ending {
    /// One-byte CRYPTO frames 8 KiB apart make ngtcp2 hold a chunk of 8 KiB for each.
    private static let spray = (1...9).flatMap { Frame.crypto(offset: UInt64($0 * 8_000), [0x55]) }
    /// So does a byte on each of several streams that comes before those in front of it.
    private static let gaps = (0..<16).flatMap { Frame.stream(4 * $0, offset: 1, [1]) }

    private static let byMemory: [Ending] = [
        Ending(.budgetExceeded(.handshake), at: .server, { server, _ in server.admission.retryPolicy = .never }) {
            pair in
            var writer = InitialPacketWriter(seed: 7)
            pair.inject(writer.datagram(spray), from: stranger)
        },
        Ending(
            .budgetExceeded(.connection),
            at: .server,
            { server, _ in server.transport.connectionBytesLimit = 100_000 }
        ) {
            try sendByHand(gaps, $0)
        },
        // Less than the connection may hold itself, and more than its handshake takes.
        Ending(
            .budgetExceeded(.process),
            at: .server,
            { server, _ in server.memoryBudget = MemoryBudget(bytesLimit: 160 << 10) }
        ) {
            try sendByHand(gaps, $0)
        },
        Ending(.budgetExceeded(.handshake), at: .client, { $1.transport.handshakeBytesLimit = 20_000 }) { pair in
            _ = try pair.connect()
        },
        Ending(.budgetExceeded(.connection), at: .client, { $1.transport.connectionBytesLimit = 10_000 }) { pair in
            _ = try pair.connect()
        },
        Ending(.outOfMemory, at: .server) { pair in
            let connection = try establish(pair)
            pair.server.ledger.failAllocation = .from(1)
            _ = try pair.send([1], on: connection)
        },
        Ending(.outOfMemory, at: .client) { pair in
            _ = try pair.connect()
            pair.run(for: .milliseconds(7))
            pair.client.ledger.failAllocation = .from(1)
        },
    ]
}

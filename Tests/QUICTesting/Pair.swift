package import Datagrams
package import PacketWriter
package import QUICEndpoint
package import QUICTransport

/// A server and its clients in one process and in virtual time: the same seed gives the same run.
package final class Pair {
    package private(set) var server: Endpoint
    package let client: ClientEndpoint
    package let recorder = RecordingClient()
    /// The secrets of the client's connections.
    package let keyLog = KeyLogCollector()
    package var network: SimulatedNetwork
    package private(set) var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    /// The least time between two turns of both endpoints: whatever happens within it is handled together, as by a server
    /// that has other things to do meanwhile. Without it each datagram is a turn.
    package var tick = Duration.zero
    /// How each connection ended, in order.
    package private(set) var serverCloses: [CloseCause] = []
    package private(set) var clientCloses: [CloseCause] = []

    package static let serverAddress = SocketAddress(ipv4: 192, 0, 2, 1, port: 4433)
    /// The last byte of clients' addresses, unless a test asks for another.
    package static let clientHost: UInt8 = 7
    private let batch = TransmitBatch()
    private let makeServer: () -> Endpoint
    private var nextClientPort: UInt16 = 10_000
    private var latestTurn = MonotonicInstant(nanoseconds: 0)

    /// - Parameters:
    ///   - services: The server's.
    ///   - serverTLS: The server's certificate and protocols; nil for a self-signed one and those of `services`.
    ///   - hello: How the client's first message differs from a usual one.
    ///   - resumesSessions: Whether a client's connection begins with the ticket of the one before. RFC 8446 §2.2.
    ///   - clientService: What receives at the client; nil for ``recorder``.
    package init(
        seed: UInt64,
        services: [any StreamService],
        clientProtocols: [String] = ["echo"],
        configuration: EndpointConfiguration = EndpointConfiguration(),
        clientConfiguration: EndpointConfiguration = EndpointConfiguration(),
        clientService: (any StreamService)? = nil,
        serverTLS: TLSServerContext? = nil,
        hello: ClientHelloChanges = ClientHelloChanges(),
        resumesSessions: Bool = false,
        conditions: SimulatedNetwork.Conditions = .init()
    ) throws {
        var configuration = configuration
        configuration.seed = seed
        var clientConfiguration = clientConfiguration
        clientConfiguration.seed = ~seed
        let protocols = try ApplicationProtocols(services.map(\.applicationProtocol))
        let tls = try serverTLS ?? TLSServerContext(certificate: .selfSigned, protocols: protocols)
        makeServer = { Endpoint(configuration: configuration, tls: tls, services: services) }
        server = makeServer()
        client = ClientEndpoint(
            configuration: clientConfiguration,
            tls: try TLSClientContext(
                protocols: try ApplicationProtocols(clientProtocols),
                resumesSessions: resumesSessions,
                hello: hello,
                keyLog: { [keyLog] in keyLog.append($0) }
            ),
            service: clientService ?? recorder
        )
        network = SimulatedNetwork(seed: seed, conditions: conditions)
        observeServer()
        client.onClose = { [unowned self] _, cause in clientCloses.append(cause) }
    }

    /// Replaces the server by one with the same secrets that knows none of its connections.
    package func restartServer() {
        server = makeServer()
        observeServer()
    }

    private func observeServer() {
        server.onClose = { [unowned self] _, cause in serverCloses.append(cause) }
    }

    /// Opens a connection from a port of its own.
    ///
    /// - Parameters:
    ///   - tls: The client's side of TLS; nil for that of most clients.
    ///   - host: The last byte of its address.
    ///   - offersEarlyData: Whether it may send before its handshake is complete. RFC 9001 §4.6.
    package func connect(
        tls: TLSClientContext? = nil,
        version: QUICVersion = .v1,
        host: UInt8 = Pair.clientHost,
        offersEarlyData: Bool = false
    ) throws -> Connection {
        nextClientPort += 1
        let local = SocketAddress(ipv4: 198, 51, 100, host, port: nextClientPort)
        let path = NetworkPath(local: local, remote: Self.serverAddress)
        return try client.connect(
            path: path,
            tls: tls,
            version: version,
            offersEarlyData: offersEarlyData,
            at: now
        )
    }

    /// Opens a connection and runs until its handshake is complete.
    package func connectAndEstablish() throws -> Connection? {
        let connection = try connect()
        run(for: .seconds(5)) { connection.state == .established }
        return connection.state == .established ? connection : nil
    }

    /// Runs for at most `duration` of virtual time, or until `isDone`.
    package func run(for duration: Duration, until isDone: () -> Bool = { false }) {
        let end = now.advanced(by: duration)
        settle()
        while !isDone(), let next = nextEvent, next <= end {
            now = min(end, max(now, next, latestTurn.advanced(by: tick)))
            latestTurn = now
            deliver()
            // As a worker does, whether or not something is due.
            server.expire(at: now)
            if let deadline = client.nextDeadline, deadline <= now { client.expire(at: now) }
            settle()
        }
        if !isDone() { now = max(now, end) }
    }

    /// Hands the server a datagram as if it came from `remote`.
    package func inject(_ bytes: [UInt8], from remote: SocketAddress) {
        let path = NetworkPath(local: Self.serverAddress, remote: remote)
        unsafe server.receive(bytes.span.bytes, path: path, ecn: .notCapable, at: now)
        while let deadline = server.nextDeadline, deadline <= now { server.expire(at: now) }
        settle()
    }

    private var nextEvent: MonotonicInstant? {
        var next = network.nextArrival ?? .distantFuture
        if let deadline = server.nextDeadline { next = min(next, deadline) }
        if let deadline = client.nextDeadline { next = min(next, deadline) }
        return next == .distantFuture ? nil : next
    }

    private func deliver() {
        while let datagram = network.popArrived(by: now) {
            let bytes = datagram.bytes
            if datagram.path.local == Self.serverAddress {
                unsafe server.receive(bytes.span.bytes, path: datagram.path, ecn: datagram.ecn, at: now)
            } else {
                unsafe client.receive(bytes.span.bytes, path: datagram.path, ecn: datagram.ecn, at: now)
            }
        }
    }

    /// Puts everything both sides have to send onto the network.
    private func settle() {
        repeat {
            server.transmit(into: batch, at: now)
            let serverSent = !batch.isEmpty
            network.carry(batch, at: now)
            client.transmit(into: batch, at: now)
            if batch.isEmpty && !serverSent { return }
            network.carry(batch, at: now)
        } while true
    }
}

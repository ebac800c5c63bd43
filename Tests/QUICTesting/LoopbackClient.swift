internal import DatagramIO
package import Datagrams
internal import QUICEndpoint
package import QUICTransport

/// A client on real sockets, behind an imaginary NAT that may give it another port at any time.
package final class LoopbackClient {
    /// A socket; a class, so that there can be several in an array.
    private final class Port {
        var socket: UDPSocket

        init(_ options: UDPSocket.Options) throws {
            socket = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0), options: options)
        }
    }

    package let recorder: RecordingClient
    /// How each connection ended, in order.
    package private(set) var closes: [CloseCause] = []
    private let endpoint: ClientEndpoint
    /// The path as the client sees it, whatever the NAT does.
    private let path: NetworkPath
    private let options: UDPSocket.Options
    private var ports: [Port]
    private let received = ReceiveBatch()
    private let outgoing = TransmitBatch()
    private var loop: EventLoop

    private static let patience = Duration.seconds(60)
    private static let lookInterval = Duration.milliseconds(20)

    /// - Parameters:
    ///   - joinsDatagrams: Whether datagrams leave as one message where possible (GSO).
    ///   - givesCredit: Whether it reads what arrives.
    ///   - takesDatagrams: Whether the server may send datagrams. RFC 9221.
    package init(
        of server: SocketAddress,
        seed: UInt64,
        protocols: [String] = ["echo"],
        joinsDatagrams: Bool = false,
        givesCredit: Bool = true,
        takesDatagrams: Bool = false
    ) throws {
        recorder = RecordingClient(givesCredit: givesCredit)
        var configuration = EndpointConfiguration()
        configuration.seed = seed
        configuration.transport.staysOpen()
        if takesDatagrams { configuration.transport.datagramFrameBytesLimit = 65_535 }
        let tls = try TLSClientContext(protocols: try ApplicationProtocols(protocols))
        endpoint = ClientEndpoint(configuration: configuration, tls: tls, service: recorder)
        options = UDPSocket.Options(segmentationOffload: joinsDatagrams)
        let port = try Port(options)
        path = NetworkPath(local: port.socket.boundAddress, remote: server)
        let loop = try EventLoop()
        try loop.add(port.socket, tag: 0)
        ports = [port]
        self.loop = loop
        endpoint.onClose = { [unowned self] _, cause in closes.append(cause) }
    }

    /// Whether datagrams do leave as one message.
    package var joinsDatagrams: Bool { ports.last?.socket.usesSegmentationOffload ?? false }

    /// Sends from another port from now on; what is sent to the former ones still arrives.
    package func rebind() throws {
        let port = try Port(options)
        try loop.add(port.socket, tag: UInt64(ports.count))
        ports.append(port)
    }

    /// A handshake that was not complete when patience ended.
    private struct NoHandshake: Error, CustomStringConvertible {
        var description: String { "no handshake was complete within \(LoopbackClient.patience)" }
    }

    /// Opens a connection, and waits until its handshake is complete.
    package func connect() throws -> Connection {
        let connection = try endpoint.connect(path: path, at: .now())
        guard try run(until: { connection.state == .established }) else { throw NoHandshake() }
        return connection
    }

    /// Sends `bytes` on a new stream of each connection, all of them at once, and says whether all came back before their
    /// connections ended.
    package func echo(_ bytes: [UInt8], on connections: [Connection]) throws -> Bool {
        let streams = try connections.map { connection in
            let stream = try connection.openStream()
            try stream.write(bytes)
            stream.finish()
            endpoint.touch(connection)
            return (connection, stream.id)
        }
        let expected = RecordingClient.Received(bytes: bytes, isComplete: true)
        func isWhole(_ connection: Connection, _ stream: StreamID) -> Bool {
            recorder.received(on: connection, stream) == expected
        }
        try run { streams.allSatisfy { isWhole($0, $1) || $0.state == .closed } }
        return streams.allSatisfy { isWhole($0, $1) }
    }

    /// Opens a stream on `connection`, and sends `bytes` on it without FIN.
    package func open(_ bytes: [UInt8], on connection: Connection) throws -> Stream {
        let stream = try connection.openStream()
        try stream.write(bytes)
        return stream
    }

    /// Serves the connections until `isDone`; false when patience ends before.
    package func serve(until isDone: () -> Bool) throws -> Bool {
        try run(until: isDone)
    }

    /// Sends a byte on a new stream of `connection`, and waits until the connection has ended; false when it does not.
    package func waitForEnd(of connection: Connection) throws -> Bool {
        let stream = try connection.openStream()
        try stream.write([1])
        endpoint.touch(connection)
        return try run { connection.state == .closed }
    }

    /// Closes `connections`.
    package func close(_ connections: [Connection]) throws {
        for connection in connections { endpoint.close(connection, at: .now()) }
        try send()
        endpoint.removeClosingRecords()
    }

    /// Serves the connections until `isDone`; false when patience ends before.
    @discardableResult
    private func run(until isDone: () -> Bool) throws -> Bool {
        let end = MonotonicInstant.now().advanced(by: Self.patience)
        try send()
        while !isDone() {
            let now = MonotonicInstant.now()
            if now >= end { return false }
            // The condition may change on other threads, without a datagram.
            let look = min(end, now.advanced(by: Self.lookInterval))
            _ = try loop.wait(until: min(look, endpoint.nextDeadline ?? look), now: now)
            try serve()
        }
        return true
    }

    /// Handles what has arrived and what is due, without waiting for more.
    package func serve() throws {
        for port in ports { try receive(at: port) }
        if let deadline = endpoint.nextDeadline, deadline <= .now() { endpoint.expire(at: .now()) }
        try send()
    }

    private func receive(at port: Port) throws {
        while try port.socket.receive(into: received) > 0 {
            let now = MonotonicInstant.now()
            received.forEach { datagram, _, ecn in endpoint.receive(datagram, path: path, ecn: ecn, at: now) }
        }
    }

    private func send() throws {
        guard let port = ports.last else { return }
        repeat {
            endpoint.transmit(into: outgoing, at: .now())
            if outgoing.isEmpty { return }
            // What a full socket does not take is lost, as anywhere on a path.
            _ = try port.socket.send(outgoing)
            outgoing.removeAll()
        } while true
    }
}

extension TransportConfiguration {
    /// Switches every deadline of an established connection off: a test that waits for a thread of the test library may
    /// wait for minutes, and its connections with it.
    package mutating func staysOpen() {
        idleTimeout = .seconds(3_600)
        acknowledgementTimeout = nil
        noProgressTimeout = nil
    }
}

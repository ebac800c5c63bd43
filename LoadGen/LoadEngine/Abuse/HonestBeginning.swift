import DatagramIO
import Datagrams
import PacketWriter
import QUICEndpoint
import QUICTransport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An honest client, until an attacker takes its connection over.
///
/// Owns: its connection, and the datagrams under way to it. Released by: ``handOver()``, or `deinit`. Bound: by
/// ``EndpointConfiguration``, and by what the server sends within the delay.
final class HonestBeginning {
    let connection: Connection
    private let socket: AttackSocket
    private let endpoint: ClientEndpoint
    private let keyLog: KeyLogCollector
    private let batch: ReceiveBatch
    private let outgoing = TransmitBatch()
    private var arriving: DelayLine
    /// Datagrams under 1-RTT keys that arrived before their keys were known.
    private var unread: [[UInt8]] = []
    private var destination: [UInt8]?
    /// The connection as its attacker will have it, who hears everything since the handshake.
    private var hostile: HostileConnection?

    /// - Parameter delay: How long the server's datagrams are under way.
    init(
        over socket: AttackSocket,
        to target: SocketAddress,
        applicationProtocol: String,
        configuration: EndpointConfiguration,
        service: any StreamService = DeafService(),
        delay: Duration = .zero,
        batch: ReceiveBatch
    ) throws {
        let keyLog = KeyLogCollector()
        let tls = try TLSClientContext(
            protocols: try ApplicationProtocols([applicationProtocol]),
            keyLog: { keyLog.append($0) }
        )
        self.socket = socket
        self.keyLog = keyLog
        self.batch = batch
        arriving = DelayLine(delay: delay)
        endpoint = ClientEndpoint(configuration: configuration, tls: tls, service: service)
        let path = NetworkPath(local: socket.address, remote: target)
        connection = try endpoint.connect(path: path, at: .now())
    }

    /// The server's frames since the handshake.
    var heard: ServerFrames { hostile?.heard ?? ServerFrames([]) }

    /// Completes the handshake.
    func completeHandshake() throws {
        work(until: MonotonicInstant.now().advanced(by: .seconds(10))) {
            connection.state == .established || connection.state == .closed
        }
        guard connection.state == .established else {
            endpoint.abandon(connection, at: .now())
            throw Attacker.Obstacle(description: "the server did not complete a handshake within 10 s")
        }
        guard let secrets = keyLog.takeSecrets(), let destination else {
            endpoint.abandon(connection, at: .now())
            throw Attacker.Obstacle(description: "the connection uses another cipher than AES-128-GCM with SHA-256")
        }
        let hostile = HostileConnection(socket: socket, secrets: secrets, destination: destination)
        for packet in unread { hostile.hear(packet) }
        unread = []
        self.hostile = hostile
    }

    /// Lets the client do what an honest client does, until `end` or until `isDone` says so.
    func work(until end: MonotonicInstant, isDone: () -> Bool = { false }) {
        while MonotonicInstant.now() < end, !isDone() {
            let now = MonotonicInstant.now()
            socket.receive(into: batch) { datagram, path, ecn in
                arriving.append(Array(datagram), path: path, ecn: ecn, at: now)
            }
            while let datagram = arriving.takeDue(at: now) { receive(datagram, at: now) }
            if let deadline = endpoint.nextDeadline, deadline <= now { endpoint.expire(at: now) }
            transmit(at: now)
            usleep(500)
        }
    }

    /// Lets the client send what it was given outside of an event.
    func touch() {
        endpoint.touch(connection)
    }

    /// Silences the client, and gives its connection away.
    ///
    /// - Precondition: The handshake is complete.
    func handOver() throws -> HostileConnection {
        // At least the last flight is on its way.
        work(until: MonotonicInstant.now().advanced(by: .milliseconds(5)))
        let isOpen = connection.state == .established
        endpoint.abandon(connection, at: .now())
        guard isOpen, let hostile else {
            throw Attacker.Obstacle(description: "the server closed the connection of an honest client")
        }
        hostile.begin()
        return hostile
    }

    private func receive(_ datagram: DelayLine.Datagram, at now: MonotonicInstant) {
        if let id = longHeaderSource(of: datagram.bytes) {
            destination = id
        } else if let hostile {
            hostile.hear(datagram.bytes)
        } else {
            unread.append(datagram.bytes)
        }
        unsafe endpoint.receive(datagram.bytes.span.bytes, path: datagram.path, ecn: datagram.ecn, at: now)
    }

    private func transmit(at now: MonotonicInstant) {
        repeat {
            endpoint.transmit(into: outgoing, at: now)
            for entry in outgoing.entries { socket.send(outgoing.withBytes(of: entry) { Array($0) }) }
            let isDone = outgoing.isEmpty
            outgoing.removeAll()
            if isDone { return }
        } while true
    }
}

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

/// A connection whose handshake an honest client completed, and which sends packets made by hand since.
final class HostileConnection {
    let socket: AttackSocket
    /// What writes its packets.
    var writer: OneRTTPacketWriter
    /// What the server has said, all packets together.
    private(set) var heard = ServerFrames([])
    /// The numbers of the latest packets, oldest first.
    private(set) var heardNumbers: [UInt32] = []
    private var unreadable = 0
    private let receiving: PacketKeys

    /// A packet takes a number beyond those of the client it was.
    private static let firstPacketNumber: UInt32 = 1_000
    private static let numbersLimit = 256
    /// So many packets that nobody can read mean that the server sends stateless resets.
    private static let unreadableLimit = 3

    private init(socket: AttackSocket, secrets: TrafficSecrets, destination: [UInt8]) {
        self.socket = socket
        receiving = PacketKeys(secret: secrets.server)
        writer = OneRTTPacketWriter(
            keys: PacketKeys(secret: secrets.client),
            destination: destination,
            firstPacketNumber: Self.firstPacketNumber
        )
    }

    /// The code of the server's CONNECTION_CLOSE; nil when there was none.
    var closeCode: UInt64? { heard.closeCode }

    /// Whether the server has said that it is over.
    var isClosed: Bool { closeCode != nil || unreadable >= Self.unreadableLimit }

    /// An ACK frame for every packet heard so far, in one range. RFC 9000 §19.3.
    var acknowledgement: [UInt8] { Frame.acknowledgement(0...UInt64(heardNumbers.max() ?? 0)) }

    func send(_ frames: [UInt8]) {
        socket.send(writer.packet(frames))
    }

    /// Reads what has arrived.
    func listen(into batch: ReceiveBatch) {
        socket.receive(into: batch) { datagram, _, _ in hear(Array(datagram)) }
    }

    private func hear(_ datagram: [UInt8]) {
        guard let first = datagram.first, first & 0x80 == 0 else { return }
        let offset = 1 + TransportConfiguration.connectionIDLength
        guard let packet = receiving.open(datagram, numberOffset: offset, after: heardNumbers.max() ?? 0) else {
            unreadable += 1
            return
        }
        heardNumbers.append(packet.number)
        if heardNumbers.count > Self.numbersLimit { heardNumbers.removeFirst() }
        heard.add(packet.payload)
    }
}

// MARK: - Its handshake

extension HostileConnection {
    /// - Parameter settling: How long the honest client goes on after the handshake, so that the server waits for nothing.
    static func establish(
        over socket: AttackSocket,
        to target: SocketAddress,
        applicationProtocol: String,
        configuration: EndpointConfiguration,
        settling: Duration,
        batch: ReceiveBatch
    ) throws -> HostileConnection {
        let keyLog = KeyLogCollector()
        let tls = try TLSClientContext(
            protocols: try ApplicationProtocols([applicationProtocol]),
            keyLog: { keyLog.append($0) }
        )
        let endpoint = ClientEndpoint(configuration: configuration, tls: tls, service: DeafService())
        let path = NetworkPath(local: socket.address, remote: target)
        let connection = try endpoint.connect(path: path, at: .now())
        var destination: [UInt8]?
        var packets: [[UInt8]] = []
        func work(until end: MonotonicInstant, isDone: () -> Bool) {
            let outgoing = TransmitBatch()
            while MonotonicInstant.now() < end, !isDone() {
                let now = MonotonicInstant.now()
                endpoint.transmit(into: outgoing, at: now)
                for entry in outgoing.entries { socket.send(outgoing.withBytes(of: entry) { Array($0) }) }
                outgoing.removeAll()
                socket.receive(into: batch) { datagram, path, ecn in
                    let bytes = Array(datagram)
                    if let id = longHeaderSource(of: bytes) { destination = id } else { packets.append(bytes) }
                    endpoint.receive(datagram, path: path, ecn: ecn, at: now)
                }
                if let deadline = endpoint.nextDeadline, deadline <= now { endpoint.expire(at: now) }
                usleep(500)
            }
        }
        work(until: MonotonicInstant.now().advanced(by: .seconds(10))) {
            connection.state == .established || connection.state == .closed
        }
        guard connection.state == .established else {
            endpoint.abandon(connection, at: .now())
            throw Attacker.Obstacle(description: "the server did not complete a handshake within 10 s")
        }
        work(until: MonotonicInstant.now().advanced(by: settling)) { false }
        // At least the last flight is on its way.
        work(until: MonotonicInstant.now().advanced(by: .milliseconds(5))) { false }
        endpoint.abandon(connection, at: .now())
        guard let secrets = keyLog.takeSecrets(), let destination else {
            throw Attacker.Obstacle(description: "the connection uses another cipher than AES-128-GCM with SHA-256")
        }
        let hostile = HostileConnection(socket: socket, secrets: secrets, destination: destination)
        for packet in packets { hostile.hear(packet) }
        hostile.unreadable = 0
        return hostile
    }
}

import DatagramIO
import Datagrams
import PacketWriter
import QUICTransport

/// A connection whose handshake an honest client completed, and which sends packets made by hand since.
final class HostileConnection {
    let socket: AttackSocket
    /// What writes its packets.
    var writer: OneRTTPacketWriter
    /// The server's frames, of all packets together.
    private(set) var heard = ServerFrames([])
    /// The numbers of the latest packets, oldest first.
    private(set) var heardNumbers: [UInt32] = []
    private var received = ReceivedPacketNumbers()
    private var unreadable = 0
    private let receiving: PacketKeys

    /// A packet takes a number beyond those of the client it was.
    private static let packetNumberGap: UInt32 = 1_000
    private static let numbersLimit = 256
    /// So many packets that nobody can read mean that the server sends stateless resets.
    private static let unreadableLimit = 3

    /// The connection over `socket` that has `secrets`, as long as its honest client speaks for it.
    ///
    /// - Parameter destination: The server's connection ID.
    init(socket: AttackSocket, secrets: TrafficSecrets, destination: [UInt8]) {
        self.socket = socket
        receiving = PacketKeys(secret: secrets.server)
        writer = OneRTTPacketWriter(
            keys: PacketKeys(secret: secrets.client),
            destination: destination,
            firstPacketNumber: Self.packetNumberGap
        )
    }

    /// Speaks for itself from now on.
    func begin() {
        // Each of the client's packets was in one of its datagrams, three of them at most.
        writer.nextPacketNumber = Self.packetNumberGap + UInt32(clamping: socket.sentDatagrams)
        unreadable = 0
    }

    /// The code of the server's CONNECTION_CLOSE; nil when there was none.
    var closeCode: UInt64? { heard.closeCode }

    /// Whether the server has said that it is over.
    var isClosed: Bool { closeCode != nil || unreadable >= Self.unreadableLimit }

    /// An ACK frame for the packets heard and those the honest client heard before, so that the server sends the frames of
    /// those that were lost again. RFC 9000 §19.3.
    var acknowledgement: [UInt8] { Frame.acknowledgement(received.ranges.isEmpty ? [0...0] : received.ranges) }

    /// Called with the packets that an ACK frame acknowledges, the latest first.
    var onAcknowledge: ([ClosedRange<UInt64>]) -> Void = { _ in }

    func send(_ frames: [UInt8]) {
        socket.send(writer.packet(frames))
    }

    /// Reads what has arrived.
    func listen(into batch: ReceiveBatch) {
        socket.receive(into: batch) { datagram, _, _ in hear(Array(datagram)) }
    }

    /// Reads a datagram of the server.
    ///
    /// - Returns: The frames of its packet; nil where nobody can read it.
    @discardableResult
    func hear(_ datagram: [UInt8]) -> ServerFrames? {
        guard let first = datagram.first, first & 0x80 == 0 else { return nil }
        let offset = 1 + TransportConfiguration.connectionIDLength
        guard let packet = receiving.open(datagram, numberOffset: offset, after: heardNumbers.max() ?? 0) else {
            unreadable += 1
            return nil
        }
        received.insert((received.ranges.isEmpty ? 0 : UInt64(packet.number))...UInt64(packet.number))
        heardNumbers.append(packet.number)
        if heardNumbers.count > Self.numbersLimit { heardNumbers.removeFirst() }
        let frames = ServerFrames(packet.payload)
        if !frames.acknowledged.isEmpty { onAcknowledge(frames.acknowledged) }
        heard.add(frames)
        return frames
    }
}

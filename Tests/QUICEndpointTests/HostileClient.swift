import CNgtcp2
import Datagrams
import QUICEndpoint
import QUICTesting
import Synchronization

@testable import QUICTransport

/// A client that completes its handshake and then sends packets made by hand, with any frames, from any address.
final class HostileClient {
    let pair: Pair
    let address: SocketAddress
    /// The frames of the server's packets since the handshake, packet by packet.
    private(set) var heard: [(number: UInt32, payload: [UInt8])] = []
    private let sending: PacketKeys
    private let receiving: PacketKeys
    private let destination: [UInt8]
    private var nextNumber: UInt32 = 1_000
    /// Where it has sent from.
    private var addresses: Set<SocketAddress>

    private static let secrets = Mutex<[UInt: [String: [UInt8]]]>([:])

    /// Connects through an honest client, takes its keys, and silences it.
    init?(pair: Pair) throws {
        self.pair = pair
        let connection = try pair.connect()
        guard let session = unsafe connection.tls?.native, let path = connection.path else { return nil }
        unsafe gnutls_session_set_keylog_function(session, Self.takeSecret)
        let key = UInt(bitPattern: session)
        pair.run(for: .seconds(60)) {
            connection.state == .established && pair.server.statistics.connections.established > 0
        }
        pair.run(for: .seconds(1))
        let secrets = Self.secrets.withLock { $0.removeValue(forKey: key) }
        guard let native = unsafe connection.native?.pointer, let sending = secrets?["CLIENT_TRAFFIC_SECRET_0"],
            let receiving = secrets?["SERVER_TRAFFIC_SECRET_0"]
        else { return nil }
        address = path.local
        addresses = [address]
        self.sending = PacketKeys(secret: sending)
        self.receiving = PacketKeys(secret: receiving)
        destination = unsafe ConnectionID(ngtcp2_conn_get_dcid(native).pointee).bytes
        pair.client.abandon(connection, at: pair.now)
        let admitsOthers = pair.network.admits
        pair.network.admits = { [weak self, address] transit in
            let isForUs = self?.addresses.contains(transit.path.local) ?? (transit.path.local == address)
            guard isForUs else { return admitsOthers(transit) }
            self?.hear(transit.bytes)
            return false
        }
    }

    /// Sends one packet with these frames, and lets the server answer.
    func send(_ frames: [UInt8], from source: SocketAddress? = nil, to destination: [UInt8]? = nil) {
        if let source { addresses.insert(source) }
        pair.inject(packet(frames, to: destination), from: source ?? address)
    }

    /// The server receives one packet with these frames and does not get to answer.
    func push(_ frames: [UInt8]) {
        let path = NetworkPath(local: Pair.serverAddress, remote: address)
        unsafe pair.server.receive(packet(frames).span.bytes, path: path, ecn: .notCapable, at: pair.now)
    }

    private func packet(_ frames: [UInt8], to destination: [UInt8]? = nil) -> [UInt8] {
        let padded = frames + [UInt8](repeating: 0, count: max(0, 8 - frames.count))
        let number = nextNumber
        nextNumber += 1
        let header = [0x43] + (destination ?? self.destination) + number.bigEndianBytes
        return sending.protect(header: header, number: number, payload: padded)
    }

    /// An ACK frame for every packet heard so far, in one range. RFC 9000 §19.3.
    var acknowledgement: [UInt8] {
        let largest = UInt64(heard.map(\.number).max() ?? 0)
        return [0x02] + varint(largest) + varint(0) + varint(0) + varint(largest)
    }

    private func hear(_ datagram: [UInt8]) {
        guard let first = datagram.first, first & 0x80 == 0 else { return }
        if let packet = receiving.open(datagram, numberOffset: 1 + TransportConfiguration.connectionIDLength) {
            heard.append(packet)
        }
    }

    private static let takeSecret:
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<gnutls_datum_t>?) -> Int32 = {
            session,
            label,
            secret in
            guard let label = unsafe label, let secret = unsafe secret else { return 0 }
            let name = unsafe String(cString: label)
            let bytes = unsafe Array(UnsafeBufferPointer(start: secret.pointee.data, count: Int(secret.pointee.size)))
            let key = UInt(bitPattern: session)
            HostileClient.secrets.withLock { $0[key, default: [:]][name] = bytes }
            return 0
        }
}

extension ConnectionID {
    /// The bytes as an array.
    var bytes: [UInt8] { (0..<count).map { self[$0] } }
}

extension UInt32 {
    var bigEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> UInt32(24 - 8 * $0)) } }
}

/// Frames by hand. RFC 9000 §19.
enum Frame {
    static let ping: [UInt8] = [0x01]

    static func stream(_ id: UInt64, offset: UInt64 = 0, _ bytes: [UInt8] = [], isFinal: Bool = false) -> [UInt8] {
        [0x0e | (isFinal ? 1 : 0)] + varint(id) + varint(offset) + varint(UInt64(bytes.count)) + bytes
    }

    static func resetStream(_ id: UInt64, code: UInt64 = 0, finalSize: UInt64) -> [UInt8] {
        [0x04] + varint(id) + varint(code) + varint(finalSize)
    }

    static func stopSending(_ id: UInt64, code: UInt64 = 0) -> [UInt8] {
        [0x05] + varint(id) + varint(code)
    }

    static func crypto(offset: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        [0x06] + varint(offset) + varint(UInt64(bytes.count)) + bytes
    }

    static func newConnectionID(_ number: UInt64, retiringBefore: UInt64 = 0, _ id: [UInt8], token: [UInt8]) -> [UInt8]
    {
        [0x18] + varint(number) + varint(retiringBefore) + [UInt8(id.count)] + id + token
    }

    static func maximumData(_ count: UInt64) -> [UInt8] {
        [0x10] + varint(count)
    }

    static func maximumStreamData(_ id: UInt64, _ count: UInt64) -> [UInt8] {
        [0x11] + varint(id) + varint(count)
    }

    /// A transport error; 0x100 and an alert for one of TLS. RFC 9000 §20.1.
    static func connectionClose(_ error: UInt64) -> [UInt8] {
        [0x1c] + varint(error) + varint(0) + varint(0)
    }

    static func retireConnectionID(_ number: UInt64) -> [UInt8] {
        [0x19] + varint(number)
    }
}

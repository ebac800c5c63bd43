import CNgtcp2
import Datagrams
import PacketWriter
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
    private var writer: OneRTTPacketWriter
    private let receiving: PacketKeys
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
        self.receiving = PacketKeys(secret: receiving)
        writer = OneRTTPacketWriter(
            keys: PacketKeys(secret: sending),
            destination: unsafe ConnectionID(ngtcp2_conn_get_dcid(native).pointee).bytes,
            firstPacketNumber: 1_000
        )
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
        pair.inject(writer.packet(frames, to: destination), from: source ?? address)
    }

    /// The server receives one packet with these frames and does not get to answer.
    func push(_ frames: [UInt8]) {
        let path = NetworkPath(local: Pair.serverAddress, remote: address)
        unsafe pair.server.receive(writer.packet(frames).span.bytes, path: path, ecn: .notCapable, at: pair.now)
    }

    /// An ACK frame for every packet heard so far, in one range. RFC 9000 §19.3.
    var acknowledgement: [UInt8] {
        Frame.acknowledgement(0...UInt64(heard.map(\.number).max() ?? 0))
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

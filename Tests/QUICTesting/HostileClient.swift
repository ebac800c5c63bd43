package import Datagrams
internal import PacketWriter
internal import QUICEndpoint
internal import QUICTransport

/// A client that completes its handshake and then sends packets made by hand, with any frames, from any address.
package final class HostileClient {
    package let pair: Pair
    package let address: SocketAddress
    /// The frames of the server's packets since the handshake, packet by packet.
    package private(set) var heard: [(number: UInt32, payload: [UInt8])] = []
    private var writer: OneRTTPacketWriter
    private let receiving: PacketKeys
    /// Where it has sent from.
    private var addresses: Set<SocketAddress>

    /// Connects through an honest client, takes its keys, and silences it.
    package init?(pair: Pair) throws {
        self.pair = pair
        _ = pair.keyLog.takeSecrets()
        let admitsOthers = pair.network.admits
        var destination: [UInt8]?
        pair.network.admits = { transit in
            if transit.path.remote == Pair.serverAddress, let id = longHeaderSource(of: transit.bytes) {
                destination = id
            }
            return admitsOthers(transit)
        }
        let connection = try pair.connect()
        guard let path = connection.path else { return nil }
        pair.run(for: .seconds(60)) {
            connection.state == .established && pair.server.statistics.connections.established > 0
        }
        pair.run(for: .seconds(1))
        guard let secrets = pair.keyLog.takeSecrets(), let destination else { return nil }
        address = path.local
        addresses = [address]
        receiving = PacketKeys(secret: secrets.server)
        writer = OneRTTPacketWriter(
            keys: PacketKeys(secret: secrets.client),
            destination: destination,
            firstPacketNumber: 1_000
        )
        pair.client.abandon(connection, at: pair.now)
        pair.network.admits = { [weak self, address] transit in
            let isForUs = self?.addresses.contains(transit.path.local) ?? (transit.path.local == address)
            guard isForUs else { return admitsOthers(transit) }
            self?.hear(transit.bytes)
            return false
        }
    }

    /// Sends one packet with these frames, and lets the server answer.
    package func send(_ frames: [UInt8], from source: SocketAddress? = nil, to destination: [UInt8]? = nil) {
        if let source { addresses.insert(source) }
        pair.inject(writer.packet(frames, to: destination), from: source ?? address)
    }

    /// The server receives one packet with these frames and does not get to answer.
    package func push(_ frames: [UInt8], from source: SocketAddress? = nil) {
        if let source { addresses.insert(source) }
        let path = NetworkPath(local: Pair.serverAddress, remote: source ?? address)
        unsafe pair.server.receive(writer.packet(frames).span.bytes, path: path, ecn: .notCapable, at: pair.now)
    }

    /// An ACK frame for every packet heard so far, in one range. RFC 9000 §19.3.
    package var acknowledgement: [UInt8] {
        Frame.acknowledgement(0...UInt64(heard.map(\.number).max() ?? 0))
    }

    private func hear(_ datagram: [UInt8]) {
        guard let first = datagram.first, first & 0x80 == 0 else { return }
        let numberOffset = 1 + TransportConfiguration.connectionIDLength
        if let packet = receiving.open(datagram, numberOffset: numberOffset, after: heard.last?.number ?? 0) {
            heard.append(packet)
        }
    }
}

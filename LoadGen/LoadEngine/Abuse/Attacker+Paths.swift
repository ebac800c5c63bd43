import DatagramIO
import Datagrams
import LoadModel
import PacketWriter

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Attacks of established clients by way of paths.
extension Attacker {
    func challengePath() throws {
        let connection = try establish()
        try flood(serving: connection) { _ in
            connection.send((0..<20).flatMap { _ in Frame.pathChallenge(random(8)) } + connection.acknowledgement)
        }
        close(connection)
    }

    func hopPorts() throws {
        let connection = try establish()
        let sockets = try (0..<64).map { _ in try openSocket() }
        try flood(serving: connection) { number in
            sockets[number % sockets.count].send(connection.writer.packet(Frame.ping + connection.acknowledgement))
        }
        close(connection)
    }

    func migrateSpoofed() throws {
        let connection = try establish()
        let stranger = try openSocket(1)
        for number in UInt64(0)..<50 {
            stranger.send(connection.writer.packet(Frame.stream(0, offset: number, [1])))
            pause(.milliseconds(2), serving: connection)
        }
        close(connection)
    }

    /// Clients that change their address with nearly every packet, a number of them at a time, and one after the other.
    func churnPaths() throws {
        var others: [[AttackSocket]] = []
        for host in 0..<Self.churningClients {
            others.append(try (1..<PathChurnScript.addressCount).map { _ in try openSocket(host) })
        }
        var clients: [PathChurner?] = others.map { _ in nil }
        let end = MonotonicInstant.now().advanced(by: pace.duration)
        while MonotonicInstant.now() < end, !isCancelled() {
            for host in clients.indices {
                let client = try clients[host] ?? PathChurner(establish(from: host, settling: .zero), others[host])
                clients[host] = client.isOver ? nil : client
                client.act(listeningInto: batch)
            }
            usleep(1_000)
        }
    }

    /// As many as make 800 packets a second.
    private static let churningClients = 32
}

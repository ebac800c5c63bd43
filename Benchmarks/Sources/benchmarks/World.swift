import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTransport

/// An echo server and its clients in one thread and in virtual time, with the CPU time of the server's calls measured.
///
/// A datagram takes a millisecond and none is lost. It is read where its sender wrote it, so nothing is allocated on its
/// way. The clock is read twice for all datagrams of one flight.
final class World {
    let server: Endpoint
    var meter = ServerMeter()
    /// Called after each of the server's turns, as a worker asks its heap trimmer.
    var afterServerTurn: (MonotonicInstant) -> Void = { _ in }
    private(set) var now = MonotonicInstant(nanoseconds: 1_000_000_000)

    private let client: ClientEndpoint
    private let counter = CountingClient()
    private let toServer = TransmitBatch(datagramCapacity: 1_024)
    private let toClient = TransmitBatch(datagramCapacity: 1_024)
    private var lastPort: UInt16 = 0

    private static let serverAddress = SocketAddress(ipv4: 192, 0, 2, 1, port: 4_433)
    private static let latency = Duration.milliseconds(1)

    init() throws {
        let protocols = try ApplicationProtocols(["echo"])
        var clientConfiguration = EndpointConfiguration()
        // A client that vanishes leaves nothing to answer for.
        clientConfiguration.closingLimit = 0
        clientConfiguration.transport.sendsSessionTicket = false
        server = Endpoint(
            configuration: EndpointConfiguration(),
            tls: try TLSServerContext(certificate: .selfSigned, protocols: protocols),
            services: [EchoService()]
        )
        client = ClientEndpoint(
            configuration: clientConfiguration,
            tls: try TLSClientContext(protocols: protocols),
            service: counter
        )
    }

    /// Bytes that the server's connections hold.
    var serverBytes: Int { server.ledger.totalUsage.liveBytes }

    /// Opens connections, each from an address of its own, and completes their handshakes.
    func connect(_ count: Int) throws -> [Connection] {
        let connections = try (0..<count).map { _ in try client.connect(path: nextPath(), at: now) }
        settle()
        // What a client acknowledges after a delay.
        advance(by: .milliseconds(50))
        guard connections.allSatisfy({ $0.state == .established }) else {
            throw BenchmarkError("a handshake was not completed")
        }
        return connections
    }

    /// Sends a message of `byteCount` bytes on a new stream of each connection and waits for the echoes.
    func echo(_ byteCount: Int, on connections: [Connection]) throws {
        let (bytesBefore, streamsBefore) = (counter.receivedBytes, counter.finishedStreams)
        let message = [UInt8](repeating: 7, count: byteCount)
        for connection in connections {
            let stream = try connection.openStream()
            try stream.write(message)
            stream.finish()
            client.touch(connection)
        }
        settle()
        advance(by: .milliseconds(50))
        guard counter.receivedBytes - bytesBefore == byteCount * connections.count,
            counter.finishedStreams - streamsBefore == connections.count
        else { throw BenchmarkError("an echo did not come back") }
    }

    /// Lets clients vanish without a word.
    func abandon(_ connections: some Sequence<Connection>) {
        for connection in connections { client.abandon(connection, at: now) }
    }

    /// Lets clients send a PING now and then, so that their connections live on.
    func keepAlive(_ connections: some Sequence<Connection>) {
        for connection in connections {
            connection.keepAlive(every: .seconds(5))
            client.touch(connection)
        }
    }

    /// Lets virtual time pass, with whatever is due in it.
    func advance(by duration: Duration) {
        let end = now.advanced(by: duration)
        while let due = [server.nextDeadline, client.nextDeadline].compactMap(\.self).min(), due <= end {
            now = max(now, due)
            meter.measure { if let deadline = server.nextDeadline, deadline <= now { server.expire(at: now) } }
            if let deadline = client.nextDeadline, deadline <= now { client.expire(at: now) }
            settle()
        }
        now = max(now, end)
    }

    /// Passes datagrams to and fro until neither side has one to send.
    private func settle() {
        var isQuiet = false
        while !isQuiet {
            client.transmit(into: toServer, at: now)
            let clientsAreQuiet = toServer.isEmpty
            deliverToServer()
            isQuiet = clientsAreQuiet && toClient.isEmpty
            deliverToClients()
        }
    }

    /// Gives the server what clients sent, and takes what it has to send.
    private func deliverToServer() {
        if !toServer.isEmpty { now = now.advanced(by: Self.latency) }
        meter.measure {
            for entry in toServer.entries {
                toServer.withBytes(of: entry) { server.receive($0, path: entry.path.reversed, ecn: entry.ecn, at: now) }
            }
            // Clients that arrive together have their handshakes in as many turns.
            while let deadline = server.nextDeadline, deadline <= now { server.expire(at: now) }
            server.transmit(into: toClient, at: now)
        }
        toServer.removeAll()
        afterServerTurn(now)
    }

    private func deliverToClients() {
        if !toClient.isEmpty { now = now.advanced(by: Self.latency) }
        for entry in toClient.entries {
            toClient.withBytes(of: entry) { client.receive($0, path: entry.path.reversed, ecn: entry.ecn, at: now) }
        }
        toClient.removeAll()
    }

    private func nextPath() -> NetworkPath {
        lastPort = lastPort == 60_000 ? 1 : lastPort + 1
        return NetworkPath(
            local: SocketAddress(ipv4: 198, 51, 100, 7, port: 1_024 + lastPort),
            remote: Self.serverAddress
        )
    }
}

import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Many honest clients that begin at nearly the same moment, at a server whose work takes time.
@Suite struct HerdTests {
    // One that is dropped comes again after a second, and with it all others. A server that kept too few of them would serve those, and have
    // nothing to do until then: of this herd 2,200 with room for 256, before the others give up.
    @Test(arguments: [0, 1_500])
    func aHerdIsServedWithoutAPause(paddingOfClientHello: Int) throws {
        let herd = try Herd(seed: 1, helloPaddingBytes: paddingOfClientHello)
        try herd.run(3_000, within: .milliseconds(200), for: .seconds(15))
        #expect(herd.established == 3_000, "\(herd.server.statistics)")
        // 1.5 s of work.
        #expect(herd.duration < .seconds(6), "\(herd.duration)")
    }
}

/// A server on a thread that takes time for its work, driven as a worker drives it, and its clients.
private final class Herd {
    /// The time that it takes to open a connection, to complete a handshake, and for any datagram.
    private static let opening = Duration.microseconds(350)
    private static let completion = Duration.microseconds(150)
    private static let datagram = Duration.microseconds(11)
    private static let datagramsPerTurn = 256
    /// Datagrams in a socket's buffer of 4 MiB.
    private static let socketCapacity = 1_800
    private static let firstPort = 30_000

    let server: Endpoint
    /// Clients whose handshakes were complete.
    private(set) var established = 0
    /// The time it took until all were.
    private(set) var duration = Duration.zero
    private let client: ClientEndpoint
    private var network: SimulatedNetwork
    private var socket: [SimulatedNetwork.Transit] = []
    private var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    /// When the server has done its work.
    private var freeAt = MonotonicInstant(nanoseconds: 0)
    private var counts = ConnectionCounts()
    private let batch = TransmitBatch()

    init(seed: UInt64, helloPaddingBytes: Int) throws {
        var (servers, clients) = (EndpointConfiguration(), EndpointConfiguration())
        (servers.seed, clients.seed) = (seed, ~seed)
        let protocols = try ApplicationProtocols(["echo"])
        server = Endpoint(
            configuration: servers,
            tls: try TLSServerContext(certificate: .selfSigned, protocols: protocols),
            services: [EchoService()]
        )
        var hello = ClientHelloChanges()
        hello.paddingBytes = helloPaddingBytes
        client = ClientEndpoint(
            configuration: clients,
            tls: try TLSClientContext(protocols: protocols, hello: hello),
            service: RecordingClient()
        )
        let conditions = SimulatedNetwork.Conditions(
            latency: .milliseconds(10),
            jitter: .milliseconds(2),
            loss: 0,
            duplication: 0
        )
        network = SimulatedNetwork(seed: seed, conditions: conditions)
        client.onEstablish = { [unowned self] connection in
            established += 1
            connection.applicationDeadline = now.advanced(by: .milliseconds(100))
        }
        client.onWake = { $0.close() }
    }

    /// Has `count` clients begin, spread over `period`, and goes on until they are all established, for `longest` at most.
    func run(_ count: Int, within period: Duration, for longest: Duration) throws {
        let start = now
        let moments = (0..<count).map { start.advanced(by: period * $0 / count) } + [.distantFuture]
        var begun = 0
        while established < count, now < start.advanced(by: longest) {
            while moments[begun] <= now {
                let port = UInt16(Self.firstPort + begun)
                let local = SocketAddress(ipv4: 198, 51, 100, 7, port: port)
                _ = try client.connect(path: NetworkPath(local: local, remote: Pair.serverAddress), at: now)
                begun += 1
            }
            serveClients()
            if now >= freeAt { serve() }
            now = max(now, min(moments[begun], nextEvent))
        }
        duration = start.duration(to: now)
    }

    private var nextEvent: MonotonicInstant {
        var next = min(network.nextArrival ?? .distantFuture, client.nextDeadline ?? .distantFuture)
        if !socket.isEmpty { next = min(next, freeAt) }
        if let deadline = server.nextDeadline { next = min(next, max(freeAt, deadline)) }
        return next
    }

    /// Delivers what has arrived: to clients at once, and to the server's socket.
    private func serveClients() {
        while let transit = network.popArrived(by: now) {
            if transit.path.local != Pair.serverAddress {
                unsafe client.receive(transit.bytes.span.bytes, path: transit.path, ecn: transit.ecn, at: now)
            } else if socket.count < Self.socketCapacity {
                socket.append(transit)
            }
        }
        if let deadline = client.nextDeadline, deadline <= now { client.expire(at: now) }
        carry(at: now) { client.transmit(into: $0, at: now) }
    }

    /// A turn of the server's, where it has something to do. What it sends leaves when the work is done.
    private func serve() {
        let isDue = server.nextDeadline.map { $0 <= now } ?? false
        guard !socket.isEmpty || isDue else { return }
        let count = min(socket.count, Self.datagramsPerTurn)
        for transit in socket.prefix(count) {
            unsafe server.receive(transit.bytes.span.bytes, path: transit.path, ecn: transit.ecn, at: now)
        }
        socket.removeFirst(count)
        server.expire(at: now)
        let latest = server.statistics.connections
        let opened = latest.created - counts.created
        let completed = latest.handshakesCompleted - counts.handshakesCompleted
        counts = latest
        freeAt = now.advanced(by: Self.opening * opened + Self.completion * completed + Self.datagram * count)
        carry(at: freeAt) { server.transmit(into: $0, at: now) }
    }

    private func carry(at departure: MonotonicInstant, _ transmit: (TransmitBatch) -> Void) {
        transmit(batch)
        while !batch.isEmpty {
            network.carry(batch, at: departure)
            transmit(batch)
        }
    }
}

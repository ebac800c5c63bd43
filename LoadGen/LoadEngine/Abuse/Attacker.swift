import DatagramIO
import Datagrams
import LoadModel
import PacketWriter
import QUICEndpoint
import QUICTransport
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Carries one attack out, on the thread that calls it.
///
/// Owns: its sockets, and a batch of received datagrams (150 KB). Released by: `deinit`.
final class Attacker {
    /// Why an attack could not be carried out.
    struct Obstacle: Error, CustomStringConvertible {
        let description: String
    }

    let target: SocketAddress
    let applicationProtocol: String
    let limits: AbuseLimits
    let pace: AbusePace
    private let name: AbuseName
    private let witness: AbuseWitness?
    let isCancelled: @Sendable () -> Bool
    private let onHold: @Sendable () -> Void
    let batch = ReceiveBatch(messageCapacity: 64)
    private var sockets: [AttackSocket] = []
    private var generator = SystemRandomNumberGenerator()
    /// When it had taken what it could; nil before that.
    private(set) var heldSince: MonotonicInstant?
    /// Connections it completed the handshake of, and how the server closed them.
    private(set) var handshakes = 0
    private(set) var closeCodes: [String: Int] = [:]

    init(
        name: AbuseName,
        target: SocketAddress,
        applicationProtocol: String,
        limits: AbuseLimits,
        pace: AbusePace,
        witness: AbuseWitness?,
        isCancelled: @escaping @Sendable () -> Bool,
        onHold: @escaping @Sendable () -> Void
    ) {
        self.name = name
        self.target = target
        self.applicationProtocol = applicationProtocol
        self.limits = limits
        self.pace = pace
        self.witness = witness
        self.isCancelled = isCancelled
        self.onHold = onHold
    }

    /// The addresses it has sent from, as the server shows them.
    var addresses: Set<String> { Set(sockets.map(\.address.description)) }

    /// Adds what was sent and received to `outcome`.
    func conclude(_ outcome: inout AbuseOutcome) {
        for socket in sockets {
            socket.receive(into: batch)
            outcome.sentDatagrams += socket.sentDatagrams
            outcome.sentBytes += socket.sentBytes
            outcome.receivedBytes += socket.receivedBytes
        }
        outcome.handshakes = handshakes
        outcome.closeCodes = closeCodes
    }
}

// MARK: - Sockets

extension Attacker {
    /// A further socket, with the attack's address number `host` where the target is on this machine.
    func openSocket(_ host: Int = 0, port: UInt16 = 0) throws -> AttackSocket {
        let socket = try AttackSocket(bindingTo: localAddress(host, port: port), target: target)
        sockets.append(socket)
        return socket
    }

    /// As many sockets with an address each.
    func openSockets(_ count: Int) throws -> [AttackSocket] {
        try (0..<count).map { try openSocket($0) }
    }

    /// Each attack has addresses of its own in 127.0.0.0/8, so that the server tells it from others.
    private func localAddress(_ host: Int, port: UInt16) -> SocketAddress {
        switch target.family {
        case .ipv4 where target.isLoopback:
            let number = UInt8(AbuseName.allCases.firstIndex(of: name) ?? 0)
            return SocketAddress(ipv4: 127, 20 + number, UInt8(host / 250), UInt8(host % 250 + 1), port: port)
        case .ipv6 where target.isLoopback: return SocketAddress("[::1]:\(port)") ?? target
        case .ipv4: return SocketAddress(ipv4: 0, 0, 0, 0, port: port)
        case .ipv6: return SocketAddress("[::]:\(port)") ?? target
        }
    }

    func random(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in .random(in: .min ... .max, using: &generator) }
    }
}

// MARK: - Time

extension Attacker {
    /// From now on everything is taken that can be: only the server's own measures bring it back.
    func hold() {
        guard heldSince == nil else { return }
        heldSince = .now()
        onHold()
    }

    /// Lets some time pass, and takes what arrives meanwhile.
    func pause(_ duration: Duration, serving connections: HostileConnection...) {
        pause(duration, serving: connections)
    }

    func pause(_ duration: Duration, serving connections: [HostileConnection]) {
        let end = MonotonicInstant.now().advanced(by: duration)
        repeat {
            for connection in connections { connection.listen(into: batch) }
            usleep(1_000)
        } while MonotonicInstant.now() < end && !isCancelled()
        for connection in connections { connection.listen(into: batch) }
    }

    /// Calls `send` at the pace of a flood, with a number that grows by one each time.
    func flood(serving connections: HostileConnection..., send: (Int) throws -> Void) throws {
        let start = MonotonicInstant.now()
        var count = 0
        while !isCancelled() {
            let elapsed = start.duration(to: .now())
            guard elapsed < pace.duration else { break }
            let due = Int((elapsed / .seconds(1)) * Double(pace.rate)) + 1
            // What a busy machine kept it from is not made up for.
            if due - count > pace.rate / 10 { count = due - pace.rate / 10 }
            while count < due {
                try send(count)
                count += 1
            }
            for connection in connections { connection.listen(into: batch) }
            for socket in sockets where !connections.contains(where: { $0.socket === socket }) {
                socket.receive(into: batch)
            }
            usleep(1_000)
        }
    }

    /// Does the same again and again until the server has ended the connection, or has had more time for it than it may take.
    func keep(
        _ connection: HostileConnection,
        until deadline: AbuseDeadline,
        every interval: Duration = .milliseconds(500),
        _ act: () -> Void
    ) {
        hold()
        let end = MonotonicInstant.now().advanced(by: .seconds(limits.seconds(until: deadline)))
        while !connection.isClosed, !isGone(connection), MonotonicInstant.now() < end, !isCancelled() {
            act()
            pause(interval, serving: connection)
        }
        noteClose(of: connection)
    }

    /// Waits until the server has closed the connection, or should have.
    func awaitClose(of connection: HostileConnection) {
        hold()
        let end = MonotonicInstant.now().advanced(by: .seconds(5))
        while !connection.isClosed, !isGone(connection), MonotonicInstant.now() < end, !isCancelled() {
            pause(.milliseconds(10), serving: connection)
        }
        noteClose(of: connection)
    }

    /// Closes a connection that the server has no reason to close.
    func close(_ connection: HostileConnection) {
        pause(.milliseconds(50), serving: connection)
        hold()
        // What a flood left in the server's queues may have cost the first.
        for _ in 0..<3 {
            connection.send(Frame.connectionClose(0))
            pause(.milliseconds(100), serving: connection)
        }
        noteClose(of: connection)
    }

    /// Whether the server was seen to have let it go.
    func isGone(_ connection: HostileConnection) -> Bool {
        witness?.hasEnded(connection.socket.address.description) ?? false
    }

    private func noteClose(of connection: HostileConnection) {
        if let code = connection.closeCode { closeCodes["\(code)", default: 0] += 1 }
    }
}

// MARK: - Connections

extension Attacker {
    /// Completes a handshake as an honest client does, takes its keys, and silences it.
    ///
    /// - Parameter settling: How long the honest client goes on after the handshake, so that the server waits for nothing.
    func establish(
        from host: Int = 0,
        settling: Duration = .milliseconds(100),
        configure: (inout TransportConfiguration) -> Void = { _ in }
    ) throws -> HostileConnection {
        let honest = try begin(from: host, configure: configure)
        honest.work(until: MonotonicInstant.now().advanced(by: settling))
        return try honest.handOver()
    }

    /// Completes a handshake as an honest client does.
    ///
    /// - Parameter delay: How long the server's datagrams are under way.
    func begin(
        from host: Int = 0,
        service: any StreamService = DeafService(),
        delay: Duration = .zero,
        configure: (inout TransportConfiguration) -> Void
    ) throws -> HonestBeginning {
        let socket = try openSocket(host)
        var configuration = EndpointConfiguration()
        // Only the server's own deadlines are to end it.
        configuration.transport.idleTimeout = .seconds(3_600)
        configure(&configuration.transport)
        let honest = try HonestBeginning(
            over: socket,
            to: target,
            applicationProtocol: applicationProtocol,
            configuration: configuration,
            service: service,
            delay: delay,
            batch: batch
        )
        try honest.completeHandshake()
        handshakes += 1
        return honest
    }

    /// What an honest client sends first.
    func honestInitial() throws -> OpenedInitial {
        let tls = try TLSClientContext(protocols: try ApplicationProtocols([applicationProtocol]))
        let endpoint = ClientEndpoint(configuration: EndpointConfiguration(), tls: tls, service: DeafService())
        let path = NetworkPath(local: target, remote: target)
        let now = MonotonicInstant.now()
        let connection = try endpoint.connect(path: path, at: now)
        let outgoing = TransmitBatch()
        endpoint.transmit(into: outgoing, at: now)
        let first = outgoing.entries.first.map { outgoing.withBytes(of: $0) { Array($0) } }
        endpoint.abandon(connection, at: now)
        guard let first, let initial = OpenedInitial(first) else {
            throw Obstacle(description: "the first packet of a client could not be read")
        }
        return initial
    }
}

extension [UInt8] {
    /// A copy of `span`.
    init(_ span: RawSpan) {
        self = unsafe span.withUnsafeBytes { unsafe Array($0) }
    }
}

import DatagramIO
import Datagrams

/// A datagram as a test looks at it.
struct Received: Equatable {
    let bytes: [UInt8]
    let path: NetworkPath
    let ecn: ECN
}

/// A socket with its batches; a class, so that tests can keep several in an array.
final class Peer {
    static let loopbacks = [
        SocketAddress(ipv4: 127, 0, 0, 1, port: 0),
        SocketAddress("[::1]:0") ?? SocketAddress(ipv4: 0, 0, 0, 0, port: 0),
    ]
    private static let patience = Duration.seconds(5)

    var socket: UDPSocket
    let inbox: ReceiveBatch
    let outbox = TransmitBatch(datagramCapacity: 256)
    /// The messages that the datagrams received so far came in.
    private(set) var messageCount = 0
    /// Those datagrams as their batches count them.
    private(set) var datagramCount = 0

    init(_ address: SocketAddress = loopbacks[0], options: UDPSocket.Options = .init()) throws {
        socket = try UDPSocket(bindingTo: address, options: options)
        inbox = ReceiveBatch(receiveOffload: socket.usesReceiveOffload)
    }

    var address: SocketAddress { socket.boundAddress }

    var usesSegmentationOffload: Bool { socket.usesSegmentationOffload }

    func path(to remote: SocketAddress) -> NetworkPath {
        NetworkPath(local: address, remote: remote)
    }

    /// Puts a datagram into the outbox.
    func queue(_ bytes: [UInt8], to remote: SocketAddress, ecn: ECN = .notCapable) {
        queue(bytes, on: path(to: remote), ecn: ecn)
    }

    /// Puts a datagram into the outbox.
    func queue(_ bytes: [UInt8], on path: NetworkPath, ecn: ECN = .notCapable) {
        unsafe outbox.append(copying: bytes.span.bytes, path: path, ecn: ecn)
    }

    /// Sends one datagram.
    func send(_ bytes: [UInt8], to remote: SocketAddress, ecn: ECN = .notCapable) throws -> SendOutcome {
        queue(bytes, to: remote, ecn: ecn)
        return try socket.send(outbox)
    }

    /// Sends back what arrived.
    func answer(_ datagrams: [Received]) throws -> SendOutcome {
        for datagram in datagrams {
            queue(datagram.bytes, on: datagram.path, ecn: datagram.ecn)
        }
        return try socket.send(outbox)
    }

    /// Waits until `count` datagrams have arrived, or the test's patience ends; then takes what else waits.
    func receive(_ count: Int) throws -> [Received] {
        var received: [Received] = []
        var loop = try EventLoop()
        try loop.add(socket, tag: 0)
        let deadline = MonotonicInstant.now().advanced(by: Self.patience)
        while received.count < count, MonotonicInstant.now() < deadline {
            _ = try loop.wait(until: deadline, now: .now())
            try receiveWaiting(into: &received)
        }
        try receiveWaiting(into: &received)
        return received
    }

    private func receiveWaiting(into received: inout [Received]) throws {
        while true {
            let taken = try socket.receive(into: inbox)
            if taken == 0 { return }
            messageCount += taken
            datagramCount += inbox.datagramCount
            inbox.forEach { datagram, path, ecn in
                received.append(Received(bytes: datagram.copied, path: path, ecn: ecn))
            }
        }
    }
}

extension RawSpan {
    /// The bytes in an array.
    var copied: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

/// `count` bytes that start with `number` and differ with it.
func payload(_ number: Int, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 < 4 ? number >> ($0 * 8) : number &+ $0) }
}

/// The number that `payload` wrote into a datagram of at least four bytes.
func number(in bytes: [UInt8]) -> Int {
    bytes.prefix(4).enumerated().reduce(0) { $0 | Int($1.element) << ($1.offset * 8) }
}

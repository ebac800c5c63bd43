import DatagramIO
import Datagrams

/// The UDP sockets of a run. Each takes a share of the connections, and each has a port of its own.
///
/// Owns: the sockets, and a batch of outgoing datagrams for each. Released by: `deinit`.
final class ClientSockets {
    /// One socket and what waits for it.
    private final class Entry {
        var socket: UDPSocket
        let outgoing = TransmitBatch()
        var isBlocked = false

        init(_ socket: consuming UDPSocket) {
            self.socket = socket
        }
    }

    private let entries: [Entry]
    private let indexByPort: [UInt16: Int]
    private let received = ReceiveBatch(messageCapacity: 64)
    private var loop: EventLoop

    /// Opens `count` sockets towards `target`.
    init(count: Int, target: SocketAddress) throws {
        let loop = try EventLoop()
        entries = try (0..<count).map { index in
            // Connections share a socket. Joined into one message, their datagrams would reach one worker of a server on
            // this machine, whichever they belong to.
            let options = UDPSocket.Options(segmentationOffload: false)
            var socket = try UDPSocket(bindingTo: target.anyAddress, options: options)
            // A fixed peer lets the kernel report a closed port.
            try socket.connect(to: target)
            try loop.add(socket, tag: UInt64(index))
            return Entry(socket)
        }
        self.loop = consume loop
        let ports = entries.enumerated().map { ($1.socket.boundAddress.port, $0) }
        indexByPort = Dictionary(ports, uniquingKeysWith: { first, _ in first })
    }

    var count: Int { entries.count }

    /// The address of the socket at `index`.
    func localAddress(of index: Int) -> SocketAddress {
        entries[index].socket.boundAddress
    }

    /// Waits until something arrives, something can be sent again, or `deadline` comes.
    func wait(until deadline: MonotonicInstant, now: MonotonicInstant) throws(SocketError) -> [Int] {
        let wakeup = try loop.wait(until: deadline, now: now)
        var readable: [Int] = []
        for index in 0..<wakeup.readyCount {
            let ready = loop.ready(index)
            let entry = entries[Int(ready.tag)]
            if ready.isReadable { readable.append(Int(ready.tag)) }
            if ready.isWritable, entry.isBlocked {
                entry.isBlocked = false
                try loop.setWantsWrite(false, for: entry.socket, tag: ready.tag)
            }
        }
        return readable
    }

    /// Hands every datagram that waits at one socket to `body`, up to a batch.
    ///
    /// - Returns: Whether there may be more, and whether the network said that nobody listens.
    func receive(
        at index: Int,
        _ body: (RawSpan, NetworkPath, ECN) -> Void
    ) throws(SocketError) -> (mayHaveMore: Bool, isRefused: Bool) {
        let entry = entries[index]
        let count = try entry.socket.receive(into: received)
        if count > 0 { received.forEach(body) }
        return (count == received.messageCapacity, entry.socket.pollPathError() == .connectionRefused)
    }

    /// Distributes what `batch` holds over the sockets, and sends as much as they take.
    func send(_ batch: TransmitBatch) throws(SocketError) {
        for entry in batch.entries {
            guard let index = indexByPort[entry.path.local.port] else { continue }
            if entries[index].outgoing.isFull { try flush(index) }
            guard !entries[index].outgoing.isFull else { continue }
            batch.withBytes(of: entry) {
                entries[index].outgoing.append(copying: $0, path: entry.path, ecn: entry.ecn)
            }
        }
        batch.removeAll()
        for index in entries.indices where !entries[index].outgoing.isEmpty { try flush(index) }
    }

    private func flush(_ index: Int) throws(SocketError) {
        let entry = entries[index]
        guard !entry.isBlocked, try entry.socket.send(entry.outgoing) == .blocked else { return }
        entry.isBlocked = true
        try loop.setWantsWrite(true, for: entry.socket, tag: UInt64(index))
    }

    /// Sends what waited while a socket was blocked.
    func flushWaiting() throws(SocketError) {
        for index in entries.indices where !entries[index].outgoing.isEmpty { try flush(index) }
    }
}

extension SocketAddress {
    /// The address that stands for every address of this family, with any port.
    var anyAddress: SocketAddress {
        switch family {
        case .ipv4: SocketAddress(ipv4: 0, 0, 0, 0, port: 0)
        case .ipv6: SocketAddress("[::]:0") ?? self
        }
    }
}

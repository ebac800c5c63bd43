import DatagramIO
import Datagrams

/// The UDP sockets of a worker. Each takes a share of the connections, and each has an address of its own.
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
    private let indexByAddress: [SocketAddress: Int]
    private let received = ReceiveBatch(messageCapacity: 64)
    private var loop: EventLoop
    /// Datagrams that found a socket's batch full while the socket took no more.
    private(set) var sendOverflows = 0

    /// Opens a socket towards `target` for each of `localAddresses`.
    init(localAddresses: [SocketAddress], target: SocketAddress) throws {
        let loop = try EventLoop()
        entries = try localAddresses.enumerated().map { index, address in
            // Connections share a socket. Joined into one message, their datagrams would reach one worker of a server on
            // this machine, whichever they belong to.
            let options = UDPSocket.Options(segmentationOffload: false)
            var socket = try UDPSocket(bindingTo: address, options: options)
            // A fixed peer lets the kernel report a closed port.
            try socket.connect(to: target)
            try loop.add(socket, tag: UInt64(index))
            return Entry(socket)
        }
        self.loop = consume loop
        let addresses = entries.enumerated().map { ($1.socket.boundAddress, $0) }
        indexByAddress = Dictionary(addresses, uniquingKeysWith: { first, _ in first })
    }

    var count: Int { entries.count }

    /// What all sockets together have done so far.
    var statistics: (receiveOverflows: Int, sendErrors: Int) {
        entries.reduce(into: (0, 0)) { sum, entry in
            sum.0 += Int(clamping: entry.socket.statistics.receiveOverflows)
            sum.1 += Int(clamping: entry.socket.statistics.sendErrors)
        }
    }

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
            guard let index = indexByAddress[entry.path.local] else { continue }
            if entries[index].outgoing.isFull { try flush(index) }
            guard !entries[index].outgoing.isFull else {
                sendOverflows += 1
                continue
            }
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

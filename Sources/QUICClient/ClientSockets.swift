import DatagramIO
import Datagrams

/// The sockets of a client: one for each address family, opened for the first connection that needs it.
///
/// Owns: two sockets at most with a batch of outgoing datagrams each (96 KB), one more batch where there are two, an event loop, and a
/// batch of received datagrams (74 KB). Released by: `deinit`.
final class ClientSockets {
    /// One socket and the datagrams that wait for it.
    private final class Entry {
        var socket: UDPSocket
        let outgoing = TransmitBatch()
        var isBlocked = false

        init(_ socket: consuming UDPSocket) {
            self.socket = socket
        }
    }

    /// By ``tag(of:)``.
    private var entries: [UInt64: Entry] = [:]
    /// Datagrams of both families, before they are distributed.
    private lazy var mixed = TransmitBatch()
    private let received = ReceiveBatch()
    private var loop: EventLoop

    init() throws(SocketError) {
        loop = try EventLoop()
    }

    /// Ends the wait in ``wait(until:now:)``.
    var waker: Waker { loop.waker }

    /// Whether nothing waits to be sent.
    var isDrained: Bool { entries.values.allSatisfy(\.outgoing.isEmpty) }

    /// The path to `remote` from this machine, along which its socket sends.
    func path(to remote: SocketAddress) throws(SocketError) -> NetworkPath {
        var local = try SocketAddress.source(towards: remote)
        local.port = try entry(for: remote.family).socket.boundAddress.port
        return NetworkPath(local: local, remote: remote)
    }

    private func entry(for family: SocketAddress.Family) throws(SocketError) -> Entry {
        let tag = Self.tag(of: family)
        if let entry = entries[tag] { return entry }
        let entry = Entry(try UDPSocket(bindingTo: .any(family)))
        try loop.add(entry.socket, tag: tag)
        entries[tag] = entry
        return entry
    }

    private static func tag(of family: SocketAddress.Family) -> UInt64 { UInt64(family.rawValue) }
}

// MARK: - Traffic

extension ClientSockets {
    /// Waits until something arrives, something can be sent again, another thread wakes this one, or `deadline` comes.
    ///
    /// - Returns: Whether another thread did.
    func wait(until deadline: MonotonicInstant?, now: MonotonicInstant) throws(SocketError) -> Bool {
        let wakeup = try loop.wait(until: deadline, now: now)
        for index in 0..<wakeup.readyCount {
            let ready = loop.ready(index)
            guard ready.isWritable, let entry = entries[ready.tag], entry.isBlocked else { continue }
            entry.isBlocked = false
            try loop.setWantsWrite(false, for: entry.socket, tag: ready.tag)
            try flush(entry, tag: ready.tag)
        }
        return wakeup.wasWoken
    }

    /// Hands the datagrams that wait at the sockets to `body`, a batch of each.
    ///
    /// - Returns: Whether there were any.
    func receive(_ body: (RawSpan, NetworkPath, ECN) -> Void) throws(SocketError) -> Bool {
        var hasAny = false
        for entry in entries.values where try entry.socket.receive(into: received) > 0 {
            received.forEach(body)
            hasAny = true
        }
        return hasAny
    }

    /// Sends what `fill` puts into a batch, again and again, until that is nothing or no socket takes more.
    ///
    /// - Parameter fill: Is told of the address family whose socket takes nothing for now, and should put in nothing of its connections;
    ///   a close packet of theirs is lost where it does not fit.
    func send(filledBy fill: (TransmitBatch, _ held: SocketAddress.Family?) -> Void) throws(SocketError) {
        while entries.isEmpty || entries.values.contains(where: { !$0.isBlocked }) {
            let batch = entries.count == 1 ? entries.values.first?.outgoing ?? mixed : mixed
            fill(batch, blockedFamily)
            if batch.isEmpty { return }
            if entries.count > 1 { distribute() }
            for (tag, entry) in entries where !entry.isBlocked { try flush(entry, tag: tag) }
        }
    }

    /// The family of a socket that takes nothing for now.
    private var blockedFamily: SocketAddress.Family? {
        SocketAddress.Family.allCases.first { entries[Self.tag(of: $0)]?.isBlocked ?? false }
    }

    private func distribute() {
        for datagram in mixed.entries {
            guard let entry = entries[Self.tag(of: datagram.path.local.family)], !entry.outgoing.isFull else {
                continue
            }
            mixed.withBytes(of: datagram) {
                entry.outgoing.append(copying: $0, path: datagram.path, ecn: datagram.ecn)
            }
        }
        mixed.removeAll()
    }

    private func flush(_ entry: Entry, tag: UInt64) throws(SocketError) {
        guard !entry.outgoing.isEmpty, try entry.socket.send(entry.outgoing) == .blocked else { return }
        try block(entry, tag: tag)
    }

    /// Sends nothing more of a family before its socket can be written to again.
    func block(_ family: SocketAddress.Family) throws(SocketError) {
        try block(entry(for: family), tag: Self.tag(of: family))
    }

    private func block(_ entry: Entry, tag: UInt64) throws(SocketError) {
        entry.isBlocked = true
        try loop.setWantsWrite(true, for: entry.socket, tag: tag)
    }
}

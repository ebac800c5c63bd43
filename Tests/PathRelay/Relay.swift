import DatagramIO
import Datagrams

/// Carries UDP datagrams between clients and one server over an emulated path, on one thread.
///
/// Owns: the socket clients send to, a socket for each client, the datagrams under way, and 1.2 MiB of batches. Released
/// by: its own end. Bound: `clientLimit` sockets, and `memoryLimitBytes` of datagrams under way; see ``DatagramRing``.
package final class Relay {
    /// How a relay is set up.
    package struct Settings: Sendable {
        /// The address clients send to; port 0 lets the system choose.
        package var listenAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)
        /// The server's address.
        package var target: SocketAddress
        /// The path in between.
        package var conditions = PathConditions()
        /// How often a client gets another port towards the server; nil for never.
        package var rebindEvery: Duration?
        /// Clients at once.
        package var clientLimit = 1_024
        /// Bytes of datagrams under way, a slot of ``DatagramRing/slotBytes`` for each; each direction may have half.
        package var memoryLimitBytes = 256 << 20

        /// A relay to `target` that changes nothing.
        package init(target: SocketAddress) {
            self.target = target
        }
    }

    /// Receives from a socket this often before others have their turn.
    private static let receivesPerTurn = 8
    /// The tag of the socket clients send to; those of upstream sockets are their places.
    private static let frontTag = UInt64.max - 1

    private let settings: Settings
    /// Every datagram to the server: its socket is connected, so only the remote address counts.
    private let serverPath: NetworkPath
    private var front: UDPSocket
    private var loop: EventLoop
    private var table: ClientTable
    private var upstreams: [Upstream] = []
    private var path: Path
    private var rising: Transit
    private var falling: Transit
    private let inbox = ReceiveBatch(messageCapacity: 16, receiveOffload: true)
    private let outbox = TransmitBatch(datagramCapacity: 128)
    private var counts = RelayCounts()
    private var now = MonotonicInstant.now()
    private var firstReceived: MonotonicInstant?
    private var lastDelivered: MonotonicInstant?

    /// Ends ``run(until:)`` early, from any thread.
    package let stop: RelayStop

    /// Binds the socket for clients.
    package init(_ settings: Settings) throws(SocketError) {
        self.settings = settings
        serverPath = NetworkPath(local: settings.target, remote: settings.target)
        let options = UDPSocket.Options(receiveBufferBytes: 32 << 20, receiveOffload: true)
        front = try UDPSocket(bindingTo: settings.listenAddress, options: options)
        loop = try EventLoop()
        try loop.add(front, tag: Self.frontTag)
        stop = RelayStop(waker: loop.waker)
        table = ClientTable(limit: settings.clientLimit)
        path = Path(settings.conditions)
        let datagramLimit = max(1, settings.memoryLimitBytes / 2 / DatagramRing.slotBytes)
        rising = Transit(datagramLimit: datagramLimit)
        falling = Transit(datagramLimit: datagramLimit)
    }

    /// The address clients send to.
    package var address: SocketAddress { front.boundAddress }

    /// Relays until `end`, or until it is asked to stop, and returns what was done. Datagrams then under way are dropped.
    package func run(until end: MonotonicInstant) throws(SocketError) -> RelayCounts {
        now = .now()
        while now < end, !stop.isRequested {
            let next = min(rising.nextDeparture ?? end, falling.nextDeparture ?? end, end)
            let wakeup = try loop.wait(until: next, now: now)
            try deliver()
            for index in 0..<wakeup.readyCount { try receive(from: loop.ready(index).tag) }
        }
        if let first = firstReceived, let last = lastDelivered { counts.lasted = first.duration(to: last) }
        counts.up.overflowed += Int(front.statistics.receiveOverflows)
        for upstream in upstreams { counts.down.overflowed += upstream.overflowed }
        return counts
    }
}

// MARK: - From the sockets into the path

extension Relay {
    private func receive(from tag: UInt64) throws(SocketError) {
        let isFront = tag == Self.frontTag
        for _ in 0..<Self.receivesPerTurn {
            let messages = try isFront ? front.receive(into: inbox) : upstreams[Int(tag)].socket.receive(into: inbox)
            guard messages > 0 else { return }
            now = .now()
            if isFront {
                try inbox.forEach { datagram, path, ecn throws(SocketError) in
                    try enter(datagram, of: client(along: path), ecn, .up)
                }
            } else {
                let client = table.client(at: Int(tag))
                inbox.forEach { datagram, _, ecn in enter(datagram, of: client, ecn, .down) }
            }
            try deliver()
            if messages < inbox.messageCapacity { return }
        }
    }

    /// The client that sends along `path`, with a socket towards the server; nil when there is no room for it.
    private func client(along path: NetworkPath) throws(SocketError) -> ClientID? {
        guard let admission = table.admit(path, at: now) else { return nil }
        guard admission.isNew else { return admission.client }
        let place = Int(admission.client.place)
        let upstream = try Upstream(target: settings.target, rebindEvery: settings.rebindEvery, at: now)
        if place == upstreams.count {
            upstreams.append(upstream)
        } else {
            counts.down.overflowed += upstreams[place].overflowed
            upstreams[place] = upstream
        }
        try loop.add(upstream.socket, tag: UInt64(place))
        counts.clients += 1
        if admission.hasEvicted { counts.evicted += 1 }
        return admission.client
    }

    private func enter(_ datagram: RawSpan, of client: ClientID?, _ ecn: ECN, _ direction: PathDirection) {
        counts[direction].received += 1
        firstReceived = firstReceived ?? now
        guard let client else {
            counts[direction].withoutClient += 1
            return
        }
        let byteCount = datagram.byteCount
        guard (1...DatagramRing.datagramBytesLimit).contains(byteCount) else {
            counts[direction].unfit += 1
            return
        }
        switch path.carry(byteCount: byteCount, direction, at: now) {
        case .lost: counts[direction].lost += 1
        case .inOutage: counts[direction].inOutage += 1
        case .queueFull: counts[direction].queueFull += 1
        case .arrives(let arrival, let isReordered):
            let label = DatagramRing.Label(departure: arrival, client: client, byteCount: byteCount, ecn: ecn)
            let isTaken =
                direction == .up
                ? rising.append(datagram, label, isReordered: isReordered)
                : falling.append(datagram, label, isReordered: isReordered)
            if !isTaken {
                counts[direction].relayFull += 1
            } else if isReordered {
                counts[direction].reordered += 1
            }
        }
    }
}

// MARK: - From the path to the sockets

extension Relay {
    /// Sends the datagrams that have arrived at the other end by now.
    private func deliver() throws(SocketError) {
        now = .now()
        while let departure = falling.nextDeparture, departure <= now {
            takeFalling()
            try Self.send(outbox, on: &front, &counts.down)
            lastDelivered = now
        }
        while let departure = rising.nextDeparture, departure <= now {
            guard let client = takeRising() else { continue }
            let upstream = upstreams[Int(client.place)]
            if try upstream.rebindIfDue(at: now) {
                try loop.add(upstream.socket, tag: UInt64(client.place))
                counts.rebound += 1
            }
            try Self.send(outbox, on: &upstream.socket, &counts.up)
            lastDelivered = now
        }
    }

    /// Moves datagrams for clients to the outbox, until it is full.
    private func takeFalling() {
        let (table, outbox) = (table, outbox)
        var withoutClient = 0
        var isMoved = true
        while isMoved, !outbox.isFull {
            isMoved = falling.takeNext(by: now) { datagram, label in
                if let path = table.path(of: label.client) {
                    outbox.append(copying: datagram, path: path, ecn: label.ecn)
                } else {
                    withoutClient += 1
                }
                return true
            }
        }
        counts.down.withoutClient += withoutClient
    }

    /// Moves datagrams of one client to the outbox, until it is full or another client's turn.
    ///
    /// - Returns: The client; nil when it is gone, and its datagrams with it.
    private func takeRising() -> ClientID? {
        let (path, outbox) = (serverPath, outbox)
        var client: ClientID?
        var isMoved = true
        while isMoved, !outbox.isFull {
            isMoved = rising.takeNext(by: now) { datagram, label in
                guard client == nil || client == label.client else { return false }
                client = label.client
                outbox.append(copying: datagram, path: path, ecn: label.ecn)
                return true
            }
        }
        guard let client, table.path(of: client) != nil else {
            counts.up.withoutClient += outbox.entries.count
            outbox.removeAll()
            return nil
        }
        return client
    }

    /// Sends `batch`; drops and counts the datagrams that the system does not take.
    private static func send(
        _ batch: TransmitBatch,
        on socket: inout UDPSocket,
        _ counts: inout DirectionCounts
    ) throws(SocketError) {
        let before = socket.statistics
        let datagrams = batch.entries.count
        _ = try socket.send(batch)
        batch.removeAll()
        let sent = Int(socket.statistics.datagramsSent - before.datagramsSent)
        counts.delivered += sent
        counts.deliveredBytes += Int(socket.statistics.bytesSent - before.bytesSent)
        counts.unsent += datagrams - sent
    }
}

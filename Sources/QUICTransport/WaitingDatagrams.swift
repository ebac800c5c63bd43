import BoundedMemory
import Datagrams

/// Datagrams of one connection that wait for its next turn.
///
/// A connection has none until it receives more in one turn than it may handle, and none again when they are handled.
///
/// Owns: a copy of each datagram, a ring of 88 bytes for each, and itself. Released by: handling the last one, or the
/// end of the connection. Bound: ``TransportConfiguration/waitingDatagrams`` and
/// ``TransportConfiguration/waitingDatagramBytes``, within the connection's own limit.
final class WaitingDatagrams {
    private let account: MemoryAccount
    private let bytesLimit: Int
    private var queue: RingBuffer<HeldDatagram>
    private var bytes = 0

    init(account: MemoryAccount, configuration: TransportConfiguration) {
        self.account = account
        bytesLimit = configuration.waitingDatagramBytes
        queue = RingBuffer(capacityLimit: configuration.waitingDatagrams, owner: account)
        account.charge(self, to: .rings)
    }

    deinit {
        account.release(self, from: .rings)
    }

    var isEmpty: Bool { queue.isEmpty }

    /// Keeps a copy of `datagram` behind the others; false when there is no room for it.
    func push(_ datagram: RawSpan, path: NetworkPath, ecn: ECN) -> Bool {
        guard queue.count < queue.capacityLimit, bytes + datagram.byteCount <= bytesLimit,
            account.hasRoom(for: datagram.byteCount + growthBytes),
            let held = HeldDatagram(copying: datagram, path: path, ecn: ecn, account: account)
        else { return false }
        bytes += datagram.byteCount
        queue.push(held)
        return true
    }

    /// Takes the first datagram out.
    func popFirst() -> HeldDatagram? {
        guard let held = queue.popFirst() else { return nil }
        bytes -= held.byteCount
        return held
    }

    /// What the ring needs for one slot more: nothing, or a block twice as large, beside the present one for a moment.
    private var growthBytes: Int {
        let slots = queue.count < queue.capacity ? 0 : max(8, 2 * queue.capacity)
        let allocatorRounding = 32
        return slots * MemoryLayout<HeldDatagram>.stride + allocatorRounding
    }
}

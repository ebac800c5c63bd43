package import BoundedMemory
package import Datagrams

/// Datagrams of one connection that wait for its next turn.
///
/// A connection has none until it receives more in one turn than it may handle, and none again when they are handled.
///
/// Owns: a copy of each datagram, a ring of 88 bytes for each, and itself. Released by: handling the last one, or the
/// end of the connection. Bound: ``TransportConfiguration/waitingDatagrams`` and
/// ``TransportConfiguration/waitingDatagramBytes``, and beside them as much as a receive window that has grown, with its headers,
/// within the connection's own limit. So none is dropped of a peer that keeps to its window, however much of it comes at once.
final class WaitingDatagrams {
    /// Those of a bulk sender are at least so large.
    private static let fullDatagramBytes = 1_000

    private let account: MemoryAccount
    private let bytesLimit: Int
    private var queue: RingBuffer<HeldDatagram>
    private var bytes = 0

    /// - Parameter windowBytes: What an honest peer may have under way.
    init(account: MemoryAccount, configuration: TransportConfiguration, windowBytes: Int) {
        self.account = account
        bytesLimit = configuration.waitingDatagramBytes + windowBytes + windowBytes / 16
        queue = RingBuffer(
            capacityLimit: configuration.waitingDatagrams + windowBytes / Self.fullDatagramBytes,
            owner: account
        )
        account.charge(self, to: .rings)
    }

    deinit {
        account.release(self, from: .rings)
    }

    var isEmpty: Bool { queue.isEmpty }

    /// The datagrams that wait.
    var count: Int { queue.count }

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

/// A datagram that waits, with where it came from.
///
/// Owns: a copy of its bytes, charged as ``MemoryClass/rings``. Released by: `deinit`. Bound: 1,500 bytes.
package struct HeldDatagram: ~Copyable {
    /// The addresses between which it travelled.
    package let path: NetworkPath
    /// The ECN mark it carried.
    package let ecn: ECN
    private let bytes: HeldBytes

    /// A copy of `datagram`; nil when `account` or the system refuses the memory.
    package init?(copying datagram: RawSpan, path: NetworkPath, ecn: ECN, account: MemoryAccount) {
        guard let bytes = HeldBytes(copying: datagram, account: account) else { return nil }
        self.bytes = bytes
        self.path = path
        self.ecn = ecn
    }

    /// How many bytes there are.
    package var byteCount: Int { bytes.count }

    /// Calls `body` with the bytes.
    package func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        bytes.withBytes(body)
    }
}

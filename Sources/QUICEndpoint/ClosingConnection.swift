import BoundedMemory
import Datagrams
public import QUICTransport

/// What remains of a connection that ended: its IDs and one packet, without an `ngtcp2_conn`.
///
/// RFC 9000 §10.2.1: an endpoint in the closing state can discard all other connection state.
///
/// Owns: itself, its IDs and the close packet, about 350 bytes. Released by: ``ConnectionSet``, three PTOs after the end, or
/// when the records of closing connections are too many or too large. Bound: ``ConnectionSet/closingLimit`` records of
/// ``ConnectionSet/closingBytesLimit`` bytes together.
public final class ClosingConnection {
    /// The name the connection had.
    public let handle: ConnectionHandle
    /// The connection IDs that still lead here.
    private(set) var sourceConnectionIDs: ConnectionIDList
    let path: NetworkPath
    /// The CONNECTION_CLOSE packet; empty when draining.
    private let packet: SlotStorage<UInt8>
    private let ledger: MemoryLedger
    private var receivedPackets = 0
    private var nextReplyAt = 1

    init(
        of connection: Connection,
        packet bytes: UnsafeRawBufferPointer,
        path: NetworkPath,
        ledger: MemoryLedger
    ) {
        handle = connection.handle
        self.path = path
        self.ledger = ledger
        sourceConnectionIDs = ConnectionIDList(
            copying: connection.sourceConnectionIDs,
            owner: ledger,
            chargedTo: .closing
        )
        packet = SlotStorage(capacity: bytes.count, owner: ledger, chargedTo: .closing)
        if bytes.count > 0 {
            unsafe UnsafeMutableRawBufferPointer(start: packet.start, count: bytes.count).copyMemory(from: bytes)
        }
        ledger.charge(self, to: .closing)
    }

    deinit {
        sourceConnectionIDs.removeAll(owner: ledger, chargedTo: .closing)
        ledger.release(self, from: .closing)
    }

    /// Whether this is the draining state, in which nothing is sent.
    public var isDraining: Bool { packet.capacity == 0 }

    /// What this record takes, exactly as the allocator counts it.
    var bytes: Int {
        MemoryLedger.blockBytes(of: self) + sourceConnectionIDs.allocatedBytes + packet.allocatedBytes
    }

    /// Calls `body` with the close packet.
    func withPacket(_ body: (RawSpan) -> Void) {
        guard !isDraining else { return }
        unsafe body(UnsafeRawBufferPointer(start: packet.start, count: packet.capacity).bytes)
    }

    /// Counts a late packet, and says whether to repeat the close packet.
    ///
    /// RFC 9000 §10.2.1: an endpoint SHOULD limit the rate at which it generates packets in the closing state. The
    /// answers here are to the 1st, 2nd, 4th, 8th … packet, and never longer than three times what came.
    func shouldReply(toDatagramOf bytes: Int) -> Bool {
        guard !isDraining else { return false }
        receivedPackets += 1
        guard receivedPackets >= nextReplyAt, packet.capacity <= 3 * bytes else { return false }
        nextReplyAt *= 2
        return true
    }
}

extension ClosingConnection {
    /// Writes the close packet of `connection` and makes the record that will repeat it, when the end calls for one.
    ///
    /// - Parameter ledger: Where it is charged; nil where no record is kept.
    static func of(
        _ connection: Connection,
        _ end: ConnectionEnd,
        at now: MonotonicInstant,
        into batch: TransmitBatch,
        keptIn ledger: MemoryLedger?
    ) -> ClosingConnection? {
        guard let path = connection.path else { return nil }
        switch end {
        case .discard:
            return nil
        case .drain:
            let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
            guard let ledger else { return nil }
            return unsafe ClosingConnection(of: connection, packet: nothing, path: path, ledger: ledger)
        case .close:
            return unsafe withUnsafeTemporaryAllocation(
                byteCount: TransmitBatch.datagramBytesLimit,
                alignment: 16
            ) { space in
                var room = unsafe space.mutableBytes
                let byteCount = connection.writeClose(for: end, into: &room, at: now)?.count ?? 0
                guard byteCount > 0 else { return nil }
                let packet = unsafe UnsafeRawBufferPointer(rebasing: space[..<byteCount])
                if !batch.isFull { unsafe batch.append(copying: packet.bytes, path: path) }
                guard let ledger else { return nil }
                return unsafe ClosingConnection(of: connection, packet: packet, path: path, ledger: ledger)
            }
        }
    }
}

import BoundedMemory
import Datagrams
public import QUICTransport

/// What remains of a connection that ended: its IDs and one packet, without an `ngtcp2_conn`.
///
/// RFC 9000 §10.2.1: an endpoint in the closing state can discard all other connection state.
///
/// Owns: its IDs and the close packet, about 300 bytes. Released by: ``ConnectionSet``, three PTOs after the end, or
/// when the table of closing connections is full. Bound: ``ConnectionSet/closingLimit`` records.
public final class ClosingConnection {
    /// The name the connection had.
    public let handle: ConnectionHandle
    /// The connection IDs that still lead here.
    public let sourceConnectionIDs: [ConnectionID]
    /// The CONNECTION_CLOSE packet; empty when draining.
    let packet: [UInt8]
    let path: NetworkPath
    private var receivedPackets = 0
    private var nextReplyAt = 1

    init(handle: ConnectionHandle, sourceConnectionIDs: [ConnectionID], packet: [UInt8], path: NetworkPath) {
        self.handle = handle
        self.sourceConnectionIDs = sourceConnectionIDs
        self.packet = packet
        self.path = path
    }

    /// Whether this is the draining state, in which nothing is sent.
    public var isDraining: Bool { packet.isEmpty }

    /// What this record takes, to the nearest allocation.
    var bytes: Int {
        let object = 96
        let arrayHeader = 32
        let ids = arrayHeader + sourceConnectionIDs.capacity * MemoryLayout<ConnectionID>.stride
        return object + ids + (packet.isEmpty ? 0 : arrayHeader + packet.capacity)
    }

    /// Counts a late packet, and says whether to repeat the close packet.
    ///
    /// RFC 9000 §10.2.1: an endpoint SHOULD limit the rate at which it generates packets in the closing state. The
    /// answers here are to the 1st, 2nd, 4th, 8th … packet, and never longer than three times what came.
    func shouldReply(toDatagramOf bytes: Int) -> Bool {
        guard !isDraining else { return false }
        receivedPackets += 1
        guard receivedPackets >= nextReplyAt, packet.count <= 3 * bytes else { return false }
        nextReplyAt *= 2
        return true
    }
}

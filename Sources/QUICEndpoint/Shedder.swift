import BoundedMemory
import Datagrams
import QUICTransport

/// Drops datagrams while the process is close to its memory limit, before they cost memory.
///
/// Acknowledgements are small, and release memory; one large datagram in eight still gets through, so that a connection
/// whose acknowledgements come with data goes on. To the peer the others are lost, which its congestion control
/// understands. A connection that holds little more than its floor is left alone: it is not the one that uses the memory.
///
/// The probes of a peer come ever more rarely (RFC 9002 §6.2.1), so eight of them take longer than ``Reclaimer`` waits for progress. A few
/// datagrams in each second without progress get through as well, or a connection would be ended for what was kept from it.
struct Shedder {
    /// The largest datagram that most likely has acknowledgements alone, in bytes.
    private static let smallDatagramBytes = 256
    private static let datagramsPerAdmitted: UInt32 = 8

    /// Large datagrams of borrowers that came while the process was close to its memory limit.
    private var count: UInt32 = 0

    /// Whether a datagram of so many bytes is dropped that came for `connection`.
    mutating func drops(
        _ byteCount: Int,
        of connection: Connection,
        _ share: MemoryShare,
        at now: MonotonicInstant
    ) -> Bool {
        guard connection.account.borrowedBytes > share.graceBytes, byteCount > Self.smallDatagramBytes else {
            return false
        }
        count &+= 1
        return !count.isMultiple(of: Self.datagramsPerAdmitted) && !connection.admitsWhileShed(at: now)
    }
}

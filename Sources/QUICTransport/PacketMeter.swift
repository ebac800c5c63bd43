import Datagrams

/// Notices a peer whose packets cost work and bring nothing: PINGs, credit, acknowledgements of nothing new, stream bytes
/// that came before or out of order.
///
/// RFC 9000 §21.9: while there are legitimate uses for all messages, implementations SHOULD track cost of processing
/// relative to progress and treat excessive quantities of any non-productive packets as indicative of an attack.
///
/// A packet that brings any progress is not useless, or a peer with many small messages would be taken for a hostile one;
/// a hostile one gains nothing by that, since larger messages cost it no more. Each other packet costs
/// ``usefulBytesPerPacket`` bytes, for which earlier progress makes up, and both are forgotten when the window ends. Only
/// packets that were opened with the connection's keys count: others anyone can send in the peer's name.
///
/// Owns: nothing (8 bytes).
struct PacketMeter {
    /// What makes up for a packet that brings nothing. One that acknowledges two full ones brings 2,400.
    static let usefulBytesPerPacket = 32
    /// What a stream that ended in order is worth: the packets of a request and an answer of a few bytes.
    static let usefulBytesPerCompleteStream = 8 * usefulBytesPerPacket
    /// What a packet may bring ahead for later ones, in packets.
    private static let creditLimit: Int32 = 1_000

    /// The present window, 1.07 s long: 2³⁰ nanoseconds.
    private var window: UInt32 = 0
    /// Bytes that packets of this window did not bring, less those they brought in addition.
    private var missingBytes: Int32 = 0

    /// How many packets of this window were useless.
    var uselessPackets: Int { max(0, Int(missingBytes) / Self.usefulBytesPerPacket) }

    /// Bytes of a stream arrived in order, or were acknowledged.
    @inline(__always)
    mutating func noteUseful(_ bytes: Int) {
        let credited = missingBytes &- Int32(truncatingIfNeeded: min(bytes, 1 << 20))
        missingBytes = max(credited, -Self.creditLimit * Int32(Self.usefulBytesPerPacket))
    }

    /// Packets of one datagram were opened.
    ///
    /// - Parameter before: This meter before the datagram was handled.
    @inline(__always)
    mutating func noteOpened(_ packets: UInt32, since before: PacketMeter, at now: MonotonicInstant) {
        let isUseful = missingBytes < before.missingBytes
        let current = UInt32(truncatingIfNeeded: now.nanoseconds >> 30)
        if current != window {
            window = current
            missingBytes = 0
        }
        if isUseful { return }
        let cost = min(packets, 1 << 10) * UInt32(Self.usefulBytesPerPacket)
        missingBytes = missingBytes.addingReportingOverflow(Int32(cost)).overflow ? .max : missingBytes + Int32(cost)
    }
}

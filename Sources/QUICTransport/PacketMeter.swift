import Datagrams

/// Notices a peer whose packets cost work and bring nothing: PINGs, credit, acknowledgements of nothing new, stream bytes
/// that came before or out of order, a byte at a time.
///
/// RFC 9000 §21.9: while there are legitimate uses for all messages, implementations SHOULD track cost of processing
/// relative to progress and treat excessive quantities of any non-productive packets as indicative of an attack.
///
/// Each packet is to be worth ``usefulBytesPerPacket`` bytes of progress. What is missing for that adds up to useless
/// packets, what is more makes up for some, and both are forgotten when the window ends. Only packets that were opened
/// with the connection's keys count: others anyone can send in the peer's name.
///
/// Owns: nothing (8 bytes).
struct PacketMeter {
    /// What a packet has to bring. One that acknowledges two full ones brings 2,400, a message of 64 bytes 64 or more.
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

    /// Packets were opened.
    @inline(__always)
    mutating func noteOpened(_ packets: UInt32, at now: MonotonicInstant) {
        let current = UInt32(truncatingIfNeeded: now.nanoseconds >> 30)
        if current != window {
            window = current
            missingBytes = 0
        }
        let cost = min(packets, 1 << 10) * UInt32(Self.usefulBytesPerPacket)
        missingBytes = missingBytes.addingReportingOverflow(Int32(cost)).overflow ? .max : missingBytes + Int32(cost)
    }
}

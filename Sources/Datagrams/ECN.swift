/// The Explicit Congestion Notification mark of a datagram: the low two bits of the IPv4 TOS or IPv6 traffic class.
///
/// RFC 3168 §5; RFC 9000 §13.4.
public enum ECN: UInt8, Sendable, CaseIterable {
    /// The sender does not take part in ECN.
    case notCapable = 0
    /// ECT(1).
    case capable1 = 1
    /// ECT(0), the mark QUIC senders use.
    case capable0 = 2
    /// A router saw congestion.
    case congestionExperienced = 3

    /// The mark in a traffic class byte.
    public init(trafficClass: UInt8) {
        self = ECN(rawValue: trafficClass & 3) ?? .notCapable
    }
}

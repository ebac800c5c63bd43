/// How a client vanishes.
///
/// The simulated lives know one more manner, a CONNECTION_CLOSE that is lost. To a server on a real network that is
/// silence.
public enum AbandonManner: String, CaseIterable, Sendable, Codable {
    /// It sends nothing more; its socket stays open, and takes what the server sends without an answer.
    case silence
    /// It sends CONNECTION_CLOSE. RFC 9000 §10.2.
    case closeDelivered = "close delivered"
    /// It closes its socket: its host answers what the server sends with ICMP.
    case sourceAddressGone = "source address gone"
}

extension AbandonManner: OptionNamed {}

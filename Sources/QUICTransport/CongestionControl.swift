internal import CNgtcp2

/// How a connection finds the rate that its path carries.
public enum CongestionControl: String, Sendable, CaseIterable {
    /// CUBIC: slows down with every loss. RFC 9438.
    case cubic
    /// BBR: models the path by its rate and its round trip, and slows down where losses exceed 2 %. draft-ietf-ccwg-bbr.
    case bbr

    var native: ngtcp2_cc_algo {
        switch self {
        case .cubic: NGTCP2_CC_ALGO_CUBIC
        case .bbr: NGTCP2_CC_ALGO_BBR
        }
    }
}

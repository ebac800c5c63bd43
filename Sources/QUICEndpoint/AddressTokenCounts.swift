/// What tokens that clients brought with their first packets were good for. RFC 9000 §8.1.
public struct AddressTokenCounts: Sendable, Hashable, Encodable {
    /// Tokens of a Retry by which a connection was made.
    public internal(set) var retried = 0
    /// Tokens of earlier connections by which one was made.
    public internal(set) var known = 0
    /// Good tokens that had been used before, or seemed to.
    public internal(set) var spent = 0

    /// None yet.
    public init() {}

    static func += (sum: inout AddressTokenCounts, other: AddressTokenCounts) {
        sum.retried += other.retried
        sum.known += other.known
        sum.spent += other.spent
    }
}

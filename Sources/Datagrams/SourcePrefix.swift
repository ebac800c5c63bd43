/// What is taken for one source of datagrams: an IPv4 address, or the first 64 bits of an IPv6 address.
///
/// The holder of one IPv6 address commonly has all that share those bits; clients behind one NAT share an IPv4 address.
public struct SourcePrefix: Hashable, Sendable, BitwiseCopyable {
    private let bits: UInt64

    /// No source at all: ffff:ffff:ffff:ffff::/64 is for multicast, from which nothing can come. RFC 4291 §2.7.
    public static let none = SourcePrefix(bits: .max)

    private init(bits: UInt64) {
        self.bits = bits
    }

    /// The source that `address` belongs to.
    public init(of address: SocketAddress) {
        bits = address.prefixBits
    }
}

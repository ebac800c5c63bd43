internal import CNgtcp2

/// 32 random bytes from which an endpoint derives its stateless reset tokens, or its address validation tokens.
public struct EndpointSecret: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// How many bytes it has.
    public static let byteCount = 32

    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// A secret from the system's random source.
    public init() {
        var generator = SystemRandomNumberGenerator()
        self.init(using: &generator)
    }

    /// A secret from `generator`: the same for the same seed, for simulations.
    public init(using generator: inout some RandomNumberGenerator) {
        words = (generator.next(), generator.next(), generator.next(), generator.next())
    }

    /// A secret kept from before; nil when there are not ``byteCount`` bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        words = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
    }

    /// The bytes themselves, to be kept for another process.
    public var bytes: [UInt8] { unsafe withBytes { unsafe Array($0) } }

    /// Whether both are the same bytes.
    public static func == (lhs: EndpointSecret, rhs: EndpointSecret) -> Bool { lhs.words == rhs.words }

    /// Not for looking up: so that what has a secret can be compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// The secret of one of many periods: HMAC-SHA256 of its number under this one, which the period's does not tell.
    func derived(for period: UInt64) -> EndpointSecret {
        var text = period.littleEndian
        var digest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let status = unsafe withBytes { key in
            unsafe withUnsafeMutableBytes(of: &digest) { digest in
                unsafe withUnsafeBytes(of: &text) { text in
                    unsafe gnutls_hmac_fast(
                        GNUTLS_MAC_SHA256,
                        key.baseAddress,
                        key.count,
                        text.baseAddress,
                        text.count,
                        digest.baseAddress
                    )
                }
            }
        }
        precondition(status == 0, "GnuTLS has HMAC-SHA256")
        return EndpointSecret(words: digest)
    }

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Nothing of it, so that no message or log that shows what contains a secret shows the secret.
    public var description: String { "EndpointSecret" }

    /// The same.
    public var customMirror: Mirror { Mirror(self, children: []) }

    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        unsafe withUnsafeBytes(of: words) { unsafe body($0.assumingMemoryBound(to: UInt8.self)) }
    }
}

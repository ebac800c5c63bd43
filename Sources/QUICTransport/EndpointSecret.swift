internal import CNgtcp2

/// 32 random bytes from which an endpoint derives its stateless reset tokens, or its address validation tokens.
public struct EndpointSecret: Sendable {
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

    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        unsafe withUnsafeBytes(of: words) { unsafe body($0.assumingMemoryBound(to: UInt8.self)) }
    }
}

extension RawSpan {
    /// The byte at `offset`, counted from 0.
    ///
    /// - Precondition: There is one.
    @inlinable
    package func byte(at offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// The number in the bytes of `range`, in network byte order.
    ///
    /// - Precondition: They are at most 8, and there are as many.
    package func number(at range: Range<Int>) -> UInt64 {
        range.reduce(0) { $0 << 8 | UInt64(byte(at: $1)) }
    }
}

extension Array<UInt8> {
    /// A copy of `bytes`, which live no longer than the call that they came with.
    public init(copying bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}

extension Array<UInt8> {
    /// Calls `body` with the bytes.
    package func withRawSpan<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe span.bytes)
    }
}

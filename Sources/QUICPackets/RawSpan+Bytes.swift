extension RawSpan {
    /// The byte at `offset`, counted from 0.
    ///
    /// - Precondition: There is one.
    @inlinable
    package func byte(at offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }
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

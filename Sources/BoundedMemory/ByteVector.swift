/// A run of bytes in memory, laid out as the C types `struct iovec` and `ngtcp2_vec`.
@unsafe
public struct ByteVector {
    /// The first byte.
    public var base: UnsafeMutablePointer<UInt8>
    /// The number of bytes.
    public var count: Int
}

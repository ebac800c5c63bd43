/// 64 KiB of readable bytes that every generated answer repeats, so that a gigabyte in flight holds no memory.
///
/// Owns: one 64 KiB block. Released by: nobody, it lives as long as the process. Bound: its size.
@safe
package struct SharedPattern: @unchecked Sendable {
    static let bytesCount = 64 * 1024
    package static let shared = SharedPattern()

    private let base: UnsafeMutablePointer<UInt8>

    private init() {
        let block = UnsafeMutableRawPointer.allocate(byteCount: Self.bytesCount, alignment: 64)
        unsafe base = block.bindMemory(to: UInt8.self, capacity: Self.bytesCount)
        for index in 0..<Self.bytesCount {
            unsafe (base + index).initialize(to: Self.byte(at: index))
        }
    }

    /// Lines of 64 characters: 63 letters that shift from line to line, and a line feed.
    static func byte(at index: Int) -> UInt8 {
        let column = index % 64
        return column == 63 ? 10 : 97 + UInt8((column + index / 64) % 26)
    }

    /// At most `limit` bytes of the pattern that stand at `position` of an endless repetition.
    @unsafe
    package func vector(at position: UInt64, limit: Int) -> ByteVector {
        let start = Int(position % UInt64(Self.bytesCount))
        return unsafe ByteVector(base: base + start, count: min(limit, Self.bytesCount - start))
    }
}

/// The bytes of every message of a run: random, from the run's seed, repeated after 16 KiB.
struct MessagePattern {
    /// After how many bytes it repeats.
    static let chunkBytes = 16 * 1024

    private let bytes: [UInt8]

    init(seed: UInt64) {
        var state = seed
        bytes = (0..<Self.chunkBytes).map { _ in
            // A multiplicative generator: the bytes only have to differ from place to place.
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    /// Calls `body` with at most `count` bytes that stand at `position` of a message.
    func withBytes<Failure: Error>(
        at position: Int,
        count: Int,
        _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let start = position % Self.chunkBytes
        let end = min(start + count, Self.chunkBytes)
        unsafe try body(bytes.span.bytes.extracting(start..<end))
    }

    /// Whether `received` is what stands at `position` of a message.
    func matches(_ received: RawSpan, at position: Int) -> Bool {
        var checkedBytes = 0
        while checkedBytes < received.byteCount {
            let start = (position + checkedBytes) % Self.chunkBytes
            let count = min(received.byteCount - checkedBytes, Self.chunkBytes - start)
            let part = received.extracting(checkedBytes..<(checkedBytes + count))
            let expected = unsafe bytes.span.bytes.extracting(start..<(start + count))
            guard expected.hasSameBytes(as: part) else { return false }
            checkedBytes += count
        }
        return true
    }
}

extension RawSpan {
    fileprivate func hasSameBytes(as other: RawSpan) -> Bool {
        unsafe withUnsafeBytes { bytes in
            unsafe other.withUnsafeBytes { unsafe bytes.elementsEqual($0) }
        }
    }
}

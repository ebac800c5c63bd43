import Testing

@testable import LoadEngine

@Suite struct MessagePatternTests {
    private let pattern = MessagePattern(seed: 7)

    private func bytes(at position: Int, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            pattern.withBytes(at: position + bytes.count, count: count - bytes.count) { part in
                for offset in part.byteOffsets {
                    bytes.append(unsafe part.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
                }
            }
        }
        return bytes
    }

    @Test(arguments: [0, 1, 16_383, 16_384, 40_000])
    func whatWasSentMatchesWhereItWasSent(position: Int) {
        let bytes = bytes(at: position, count: 20_000)
        #expect(unsafe pattern.matches(bytes.span.bytes, at: position))
        #expect(unsafe !pattern.matches(bytes.span.bytes, at: position + 1))
    }

    @Test(arguments: [0, 9_999, 16_384, 19_999])
    func oneWrongByteDoesNotMatch(index: Int) {
        var bytes = bytes(at: 5, count: 20_000)
        bytes[index] ^= 1
        #expect(unsafe !pattern.matches(bytes.span.bytes, at: 5))
    }

    @Test func nothingMatchesEverywhere() {
        #expect(unsafe pattern.matches([UInt8]().span.bytes, at: 3))
    }
}

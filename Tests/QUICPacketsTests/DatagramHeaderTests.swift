import QUICPackets
import Testing

@Suite struct DatagramHeaderTests {
    private func header(_ bytes: [UInt8]) -> DatagramHeader {
        unsafe DatagramHeader(bytes.span.bytes)
    }

    @Test func aShortHeaderHasOurConnectionID() throws {
        let id = (1...12).map(UInt8.init)
        guard case .packet(let destination, let source, let isLong) = header([0x40] + id + [0, 0, 0, 0]) else {
            Issue.record("not a packet")
            return
        }
        let expected = unsafe ConnectionID(id.span.bytes)
        #expect(destination == expected)
        #expect(source.count == 0)
        #expect(!isLong)
    }

    @Test func whatIsTooShortIsMalformed() {
        for count in 0..<13 { #expect(header([UInt8](repeating: 0x40, count: count)) == .malformed, "\(count) bytes") }
    }

    // RFC 8999 §5.1: connection IDs of other versions may have up to 255 bytes; ours have up to 20.
    @Test func aLongHeaderOfOurVersionWithALongConnectionIDIsMalformed() {
        let bytes: [UInt8] = [0xc0, 0, 0, 0, 1, 21] + [UInt8](repeating: 7, count: 1_194)
        #expect(header(bytes) == .malformed)
    }

    @Test func anUnknownVersionIsSeenInLargeDatagramsOnly() {
        let start: [UInt8] = [0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8] + [UInt8](repeating: 7, count: 8) + [0]
        #expect(header(start + [UInt8](repeating: 0, count: 1_200 - start.count)) == .unsupportedVersion)
        #expect(header(start + [UInt8](repeating: 0, count: 1_199 - start.count)) == .malformed)
    }
}

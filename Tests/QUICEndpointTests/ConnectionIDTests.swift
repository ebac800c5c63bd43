import QUICTesting
import QUICTransport
import Testing

private func connectionID(_ bytes: [UInt8]) -> ConnectionID? {
    unsafe ConnectionID(bytes.span.bytes)
}

@Suite struct ConnectionIDTests {
    @Test func takesTwentyFourBytes() {
        #expect(MemoryLayout<ConnectionID>.stride == 24)
    }

    // RFC 9000 §17.2: "In QUIC version 1, this value MUST NOT exceed 20 bytes."
    @Test func holdsZeroToTwentyBytes() throws {
        for count in 0...20 {
            let bytes = (0..<UInt8(count)).map { 255 - $0 }
            let id = try #require(connectionID(bytes))
            #expect(id.count == count)
            #expect(id.isEmpty == (count == 0))
            #expect((0..<count).map { id[$0] } == bytes)
            #expect(id.withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } } == bytes)
        }
        #expect(connectionID(Array(repeating: 0, count: 21)) == nil)
        #expect(connectionID(Array(repeating: 0, count: 1_200)) == nil)
    }

    @Test func aLengthOfZeroIsTheDefault() {
        #expect(connectionID([]) == ConnectionID())
    }

    @Test func differsInEveryByteAndInLength() throws {
        let bytes = [UInt8](repeating: 0, count: 20)
        let zeros = try #require(connectionID(bytes))
        for index in bytes.indices {
            var changed = bytes
            changed[index] = 1
            #expect(connectionID(changed) != zeros)
            #expect(connectionID(Array(bytes[..<index])) != zeros)
        }
        let again = try #require(connectionID(bytes))
        #expect(again == zeros)
        #expect(again.hashValue == zeros.hashValue)
    }

    @Test func idsThatDifferInLengthOnlyAreDifferentKeys() {
        let ids = Set((0...20).compactMap { connectionID(Array(repeating: 0, count: $0)) })
        #expect(ids.count == 21)
    }

    @Test func isDescribedInHexadecimal() {
        #expect(connectionID([0x00, 0x0A, 0xFF, 0x83])?.description == "000aff83")
        #expect(ConnectionID().description.isEmpty)
    }

    @Test func randomIDsHaveTheLengthAskedForAndRepeatWithTheSeed() {
        for count in 0...20 {
            var (first, second) = (SeededGenerator(seed: 7), SeededGenerator(seed: 7))
            let id = ConnectionID.random(count: count, using: &first)
            #expect(id.count == count)
            #expect(id == ConnectionID.random(count: count, using: &second))
            #expect(count < 4 || id != ConnectionID.random(count: count, using: &second))
        }
    }

    @Test func randomBytesDoNotRepeatWithinAnID() {
        var random = SeededGenerator(seed: 11)
        let ids = (0..<1_000).map { _ in ConnectionID.random(count: 20, using: &random) }
        for index in 0..<20 {
            #expect(Set(ids.map { $0[index] }).count > 200)
        }
    }

    @Test func readingBeyondTheLengthStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            _ = ConnectionID()[0]
        }
    }
}

import Datagrams
@_spi(Benchmarks) import QUICServer
import Testing

@Suite struct HeapTrimmerTests {
    private static let mebibyte = 1 << 20

    private func second(_ number: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000).advanced(by: .seconds(number))
    }

    @Test func nothingIsTrimmedWhileLittleWasReleased() {
        var trimmer = HeapTrimmer()
        #expect(trimmer.update(liveBytes: 20 * Self.mebibyte, at: second(0)) == nil)
        #expect(trimmer.update(liveBytes: 19 * Self.mebibyte + 1, at: second(100)) == nil)
        #expect(trimmer.trimCount == 0)
    }

    @Test func muchIsTrimmedAtMostOnceASecond() {
        var trimmer = HeapTrimmer()
        _ = trimmer.update(liveBytes: 40 * Self.mebibyte, at: second(0))
        #expect(trimmer.update(liveBytes: 32 * Self.mebibyte, at: second(1)) == nil)
        #expect(trimmer.trimCount == 1)
        #expect(trimmer.update(liveBytes: 24 * Self.mebibyte, at: second(1.5)) == second(2))
        #expect(trimmer.trimCount == 1)
        #expect(trimmer.update(liveBytes: 24 * Self.mebibyte, at: second(2)) == nil)
        #expect(trimmer.trimCount == 2)
    }

    // Without it, what is left of a wave stayed for as long as some connection of it lived.
    @Test func theRestIsTrimmedTenSecondsLater() {
        var trimmer = HeapTrimmer()
        _ = trimmer.update(liveBytes: 20 * Self.mebibyte, at: second(0))
        _ = trimmer.update(liveBytes: 12 * Self.mebibyte, at: second(1))
        #expect(trimmer.trimCount == 1)
        #expect(trimmer.update(liveBytes: 5 * Self.mebibyte, at: second(2)) == second(11))
        #expect(trimmer.trimCount == 1)
        #expect(trimmer.update(liveBytes: 5 * Self.mebibyte, at: second(11)) == nil)
        #expect(trimmer.trimCount == 2)
    }

    /// In a process of its own: other tests take memory and give it back meanwhile.
    @Test func aTrimReturnsMemoryToTheSystem() async {
        await #expect(processExitsWith: .success) {
            var blocks = (0..<65_536).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1_000) }
            var trimmer = HeapTrimmer()
            _ = trimmer.update(liveBytes: 64 << 20, at: MonotonicInstant(nanoseconds: 1))
            // The last block stays, and with it the end of the heap: glibc returns nothing by itself.
            let last = blocks.removeLast()
            blocks = []
            let before = ProcessMemory.current().residentBytes
            _ = trimmer.update(liveBytes: 1_000, at: MonotonicInstant(nanoseconds: 2_000_000_000))
            #expect(trimmer.trimCount == 1)
            #expect(before - ProcessMemory.current().residentBytes > 48 << 20)
            withExtendedLifetime(last) {}
        }
    }

    @Test func theEndOfAWaveIsTrimmedHoweverSmallItWas() {
        var trimmer = HeapTrimmer()
        _ = trimmer.update(liveBytes: 1, at: second(0))
        #expect(trimmer.update(liveBytes: 0, at: second(0.1)) == nil)
        #expect(trimmer.trimCount == 1)
        #expect(trimmer.update(liveBytes: 0, at: second(20)) == nil)
        #expect(trimmer.trimCount == 1)
    }
}

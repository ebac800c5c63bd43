import EchoServerKit
import QUICServer
import Testing

@Suite struct ProcessReadingTests {
    @Test func aProcessHoldsWhatItAllocates() {
        let before = ProcessMemory.current()
        let block = [UInt8](repeating: 1, count: 32 << 20)
        let after = ProcessMemory.current()
        #expect(block.count == 32 << 20)
        // Other tests run meanwhile, and give some back.
        #expect(after.heapInUseBytes - before.heapInUseBytes > 24 << 20)
        #expect(after.residentBytes - before.residentBytes > 24 << 20)
    }

    @Test func timesOnlyGrow() {
        let start = ContinuousClock.now
        let first = ProcessReading.now(since: start)
        let second = ProcessReading.now(since: start)
        #expect(first.cpuSeconds > 0)
        #expect(second.cpuSeconds >= first.cpuSeconds)
        #expect(first.uptimeSeconds >= 0)
        #expect(second.uptimeSeconds > first.uptimeSeconds)
    }
}

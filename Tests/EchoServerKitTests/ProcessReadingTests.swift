import EchoServerKit
import Glibc
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
    }

    /// A mapping of its own: the heap may hand out pages that were resident before.
    @Test func pagesInUseAreResident() throws {
        let before = ProcessMemory.current()
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE
        let pages = unsafe mmap(nil, 256 << 20, PROT_READ | PROT_WRITE, flags, -1, 0)
        try #require(unsafe pages != MAP_FAILED)
        defer { unsafe munmap(pages, 256 << 20) }
        // Other tests run meanwhile, and give some back.
        #expect(ProcessMemory.current().residentBytes - before.residentBytes > 128 << 20)
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

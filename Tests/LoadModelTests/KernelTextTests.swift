import Foundation
import LoadModel
import Testing

@Suite struct KernelTextTests {
    private static let rollup = """
        55d1f6a4c000-7ffe9b7f5000 ---p 00000000 00:00 0                          [rollup]
        Rss:              163920 kB
        Pss:              159811 kB
        Pss_Dirty:        140112 kB
        Pss_Anon:         140112 kB
        Pss_File:          19699 kB
        Pss_Shmem:             0 kB
        Shared_Clean:       5172 kB
        Shared_Dirty:          0 kB
        Private_Clean:     18636 kB
        Private_Dirty:    140112 kB
        Referenced:       163920 kB
        Anonymous:        140108 kB
        LazyFree:              0 kB
        AnonHugePages:     12288 kB
        Swap:                 64 kB
        SwapPss:              64 kB
        Locked:                0 kB

        """

    private static let status = """
        Name:\tquic-echo-server
        Umask:\t0022
        State:\tS (sleeping)
        Pid:\t4711
        VmPeak:\t  402312 kB
        VmHWM:\t  171004 kB
        VmRSS:\t  163920 kB
        RssAnon:\t  140108 kB
        Threads:\t5
        SigQ:\t0/15421

        """

    private static let stat = """
        anon 143458304
        file 20480000
        kernel 3891200
        kernel_stack 81920
        sock 8192
        slab 1847296
        anon_thp 12582912

        """

    @Test func aRollupIsReadInBytes() throws {
        let rollup = try SmapsRollup(text: Self.rollup)
        #expect(rollup.residentBytes == 163_920 << 10)
        #expect(rollup.proportionalBytes == 159_811 << 10)
        #expect(rollup.privateDirtyBytes == 140_112 << 10)
        #expect(rollup.anonymousBytes == 140_108 << 10)
        #expect(rollup.swapBytes == 64 << 10)
    }

    @Test func aStatusIsReadInBytes() throws {
        let status = try ProcessStatus(text: Self.status)
        #expect(status.residentBytes == 163_920 << 10)
        #expect(status.peakResidentBytes == 171_004 << 10)
        #expect(status.threads == 5)
    }

    @Test func aControlGroupIsReadInBytes() throws {
        let group = try ControlGroupMemory(current: "166293504\n", stat: Self.stat)
        #expect(group.currentBytes == 166_293_504)
        #expect(group.anonymousBytes == 143_458_304)
        #expect(group.fileBytes == 20_480_000)
        #expect(group.socketBytes == 8_192)
        #expect(group.slabBytes == 1_847_296)
        #expect(try ControlGroupMemory.limitBytes(in: "max\n") == nil)
        #expect(try ControlGroupMemory.limitBytes(in: "1073741824\n") == 1 << 30)
    }

    @Test func thisProcessIsRead() throws {
        let rollup = try SmapsRollup(text: String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8))
        let status = try ProcessStatus(text: String(contentsOfFile: "/proc/self/status", encoding: .utf8))
        #expect(rollup.residentBytes > 1 << 20)
        #expect(rollup.privateDirtyBytes > 0 && rollup.privateDirtyBytes <= rollup.residentBytes)
        #expect(status.threads >= 1)
        #expect(status.peakResidentBytes >= status.residentBytes / 2)
    }

    @Test(arguments: ["Rss", "Pss", "Private_Dirty", "Anonymous", "Swap"])
    func aMissingFieldOfARollupIsNamed(field: String) {
        let text = Self.rollup.replacing("\n\(field):", with: "\nX:")
        let error = #expect(throws: KernelTextError.self) { try SmapsRollup(text: text) }
        #expect(error?.description == "smaps_rollup: \(field) is missing")
    }

    @Test(arguments: ["163920", "163920 MB", "x kB", "-1 kB", "1 2 kB", "", "9007199254740993000 kB", "٣ kB"])
    func aValueThatIsNoNumberOfKilobytesIsShown(value: String) {
        let text = Self.status.replacing("VmRSS:\t  163920 kB", with: "VmRSS:\t  \(value)")
        let error = #expect(throws: KernelTextError.self) { try ProcessStatus(text: text) }
        #expect(error?.description == "status: VmRSS is \"\(value)\", not a number of kB")
    }

    @Test func aProcessThatEndedHasNoMemory() {
        let error = #expect(throws: KernelTextError.self) {
            try ProcessStatus(text: "Name:\tsh\nState:\tZ (zombie)\nThreads:\t1\n")
        }
        #expect(error?.field == "VmRSS")
    }

    @Test func threadsAndGroupsAreCheckedToo() {
        #expect(throws: KernelTextError(file: "status", field: "Threads", problem: "is \"many\", not a number")) {
            try ProcessStatus(text: Self.status.replacing("Threads:\t5", with: "Threads:\tmany"))
        }
        let group = #expect(throws: KernelTextError.self) {
            try ControlGroupMemory(current: "", stat: Self.stat)
        }
        #expect(group?.description == "memory.current is \"\", not a number")
        let stat = #expect(throws: KernelTextError.self) {
            try ControlGroupMemory(current: "1", stat: "anon 1\nfile 2\nsock x\nslab 3")
        }
        #expect(stat?.description == "memory.stat: sock is \"x\", not a number")
        #expect(throws: KernelTextError.self) { try ControlGroupMemory.limitBytes(in: "most") }
    }

    @Test func aReadingTakesTheBestOfWhatIsKnown() throws {
        var reading = MemoryReading()
        reading.add(try ProcessStatus(text: Self.status.replacing("163920", with: "163000")))
        #expect(reading.residentBytes == 163_000 << 10)
        reading.add(try SmapsRollup(text: Self.rollup))
        reading.add(try ControlGroupMemory(current: "1", stat: Self.stat))
        #expect(
            reading
                == MemoryReading(
                    residentBytes: 163_920 << 10,
                    proportionalBytes: 159_811 << 10,
                    privateDirtyBytes: 140_112 << 10,
                    controlGroupBytes: 143_458_304,
                    threads: 5
                )
        )
    }
}

import LoadModel
import Testing

@Suite struct ObservationTests {
    @Test func thePeakIsOfEverySample() throws {
        var observation = ServerObservation()
        observation.record(idleServer(), .before)
        observation.record(try busyServer(), .during)
        observation.record(idleServer(residentBytes: 30 << 20), .after)
        #expect(observation.before == idleServer())
        #expect(observation.peak?.connections.live == 10)
        #expect(observation.peak?.process.residentBytes == 52_428_800)
        #expect(observation.after == idleServer(residentBytes: 30 << 20))
        #expect(observation.sampleCount == 3)
    }

    @Test func aServerThatNoLongerAnswersHasNoAfter() {
        var observation = ServerObservation()
        observation.record(idleServer(), .before)
        observation.record(idleServer(), .after)
        observation.recordFailure("connection refused", .after)
        #expect(observation.after == nil)
        #expect(observation.before != nil)
        #expect(observation.failureCount == 1)
        #expect(observation.lastFailure == "connection refused")
    }

    @Test func theTableHasADashForWhatIsNotKnown() throws {
        var observation = ServerObservation()
        observation.recordFailure("connection refused", .before)
        observation.record(try busyServer(), .during)
        observation.record(idleServer(), .after)
        #expect(
            observation.table == """
                server          before       peak   after
                connections          -         10       0
                connection IDs       -         31       0
                deadlines            -          9       0
                bytes held           -  117.2 KiB     0 B
                  transport          -   97.7 KiB     0 B
                  tls                -    9.8 KiB     0 B
                  rings              -      8 KiB     0 B
                  table              -    1.5 KiB     0 B
                  closing            -      308 B     0 B
                process RSS          -     50 MiB  20 MiB
                """
        )
    }

    @Test func theMemoryTableHasWhatWasRead() {
        var observation = MemoryObservation()
        observation.record(MemoryReading(residentBytes: 20 << 20, descriptors: 9), .before)
        observation.record(MemoryReading(residentBytes: 1_500 << 20, descriptors: 1_200), .during)
        observation.recordFailure("the target ended", .after)
        #expect(
            observation.table == """
                target       before     peak  after
                RSS          20 MiB  1.5 GiB      -
                descriptors       9    1,200      -
                """
        )
    }

    @Test func theHighestOfEachNumberIsKeptWhereverItIsKnown() {
        var reading = MemoryReading(residentBytes: 5, ledgerBytes: ["tls": 7], threads: 3)
        reading.formMaximum(
            with: MemoryReading(residentBytes: 4, controlGroupBytes: 9, ledgerBytes: ["tls": 8, "table": 1])
        )
        let highest = MemoryReading(
            residentBytes: 5,
            controlGroupBytes: 9,
            ledgerBytes: ["tls": 8, "table": 1],
            threads: 3
        )
        #expect(reading == highest)
    }
}

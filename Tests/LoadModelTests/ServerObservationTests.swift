import LoadModel
import Testing

@Suite struct ServerObservationTests {
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
}

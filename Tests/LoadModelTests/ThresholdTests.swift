import Testing

@testable import LoadModel

@Suite struct ThresholdTests {
    private func report(timeline: Timeline? = nil) throws -> LoadReport {
        var result = perfectResult(of: 98)
        result.outcomes.record(.timedOut)
        result.outcomes.record(.alert(40))
        var server = ServerObservation()
        server.record(idleServer(residentBytes: 20 << 20), .before)
        server.record(try busyServer(), .during)
        server.record(idleServer(residentBytes: 21 << 20), .after)
        server.returnSeconds = 0.5
        var report = LoadReport(target: "t", scenario: try scenario(100), result: result, server: server)
        report.timeline = timeline
        return report
    }

    private func judged(_ text: String) throws -> LoadModel.Expectation {
        try Threshold(parsing: text).expectation(of: report())
    }

    @Test(arguments: [
        ("handshake.p99<99ms", true), ("handshake.p99<98ms", false), ("handshake.p99.9<=98.047ms", true),
        ("handshake.p50>0.049s", true), ("handshake.min==1000us", true), ("echo.max>=98ms", true),
        ("echo.mean<1m", true), ("failed==0", false), ("failed==2", true), ("failed < 3", true),
        ("timed_out==1", true), ("alerts<=1", true), ("completed>=99", false), ("handshake.count==98", true),
        ("handshakes_per_second<18.6", false), ("echoes_per_second>18/s", true), ("elapsed<=5.25s", true),
        ("generator.held_bytes==0", true), ("generator.peak_resident_bytes<=80MiB", true),
        ("generator.cpu<1250ms", false), ("target.resident_growth_bytes<1MiB", false),
        ("target.resident_growth_bytes<=1048576", true), ("target.ledger_bytes==0B", true),
        ("target.return_time<1s", true), ("target.connections==0", true),
    ])
    func figuresAreComparedInTheirUnits(text: String, holds: Bool) throws {
        #expect(try judged(text).passed == holds)
    }

    @Test func theSentenceHasTheFigure() throws {
        #expect(try judged("handshake.p99 < 50ms").sentence == "handshake.p99<50ms: handshake.p99 is 98.0 ms")
        #expect(try judged("failed==0").sentence == "failed==0: failed is 2")
        #expect(try judged("echoes_per_second>100").sentence == "echoes_per_second>100: echoes_per_second is 18.7/s")
        #expect(
            try judged("target.bytes_per_connection<32KiB").sentence
                == "target.bytes_per_connection<32KiB: target.bytes_per_connection is 3 MiB"
        )
    }

    @Test func whatWasNotMeasuredFails() throws {
        let bare = LoadReport(
            target: "t",
            scenario: try scenario(1, mode: .close),
            result: perfectResult(of: 1, mode: .close)
        )
        let texts = [
            "target.bytes_per_connection<1GiB", "echo.p99<1h", "first_answer.p99<1h", "target.peak_resident_bytes>0",
        ]
        for text in texts {
            let expectation = try Threshold(parsing: text).expectation(of: bare)
            #expect(!expectation.passed)
            #expect(expectation.sentence.hasSuffix("was not measured"))
        }
    }

    @Test func bytesPerConnectionAreThoseOfTheMomentWithTheMostConnections() throws {
        let timeline = Timeline([
            TimelineSample(seconds: 0, residentBytes: 20 << 20),
            TimelineSample(seconds: 1, handshaking: 100, established: 900, residentBytes: (20 << 20) + 28_000_000),
            TimelineSample(seconds: 2, established: 1_000, residentBytes: (20 << 20) + 30_000_000),
            TimelineSample(seconds: 3, established: 10, residentBytes: (20 << 20) + 90_000_000),
        ])
        #expect(try report(timeline: timeline).targetBytesPerConnection == 30_000)
        #expect(try report(timeline: timeline).targetPeakResidentBytes == (20 << 20) + 90_000_000)
        #expect(try report(timeline: Timeline()).targetBytesPerConnection == Double(52_428_800 - (20 << 20)) / 10)
    }

    @Test(arguments: ["", "failed", "failed=0", "failed=<1", "<5", "failed<>1", "failed!=0", "failed===0"])
    func whatIsNoThresholdIsRefused(text: String) {
        let error = #expect(throws: ThresholdError.self) { try Threshold(parsing: text) }
        #expect(error?.description.contains("such as handshake.p99<50ms or failed==0") == true)
    }

    @Test(arguments: [
        ("handshake.p99<50", "a duration"), ("handshake.p99<50MiB", "a duration"), ("handshake.p99<", "a duration"),
        ("handshake.p99<1.2.3ms", "a duration"), ("handshake.p99<-1ms", "a duration"), ("failed==0.5", "a count"),
        ("failed==1KiB", "a count"), ("generator.held_bytes<1MB", "a number of bytes"),
        ("echoes_per_second>5/m", "a rate"), ("failed==nan", "a count"), ("failed==", "a count"),
    ])
    func aValueOfAnotherDimensionIsRefused(text: String, kind: String) {
        let error = #expect(throws: ThresholdError.self) { try Threshold(parsing: text) }
        #expect(error?.description.contains("is not \(kind): ") == true)
    }

    @Test func zeroNeedsNoUnit() throws {
        #expect(try Threshold(parsing: "handshake.max>0").value == 0)
        #expect(try Threshold(parsing: "elapsed>=0.0").value == 0)
    }

    @Test func anUnknownMetricIsAnsweredWithTheNearestAndAllOthers() throws {
        let error = #expect(throws: ThresholdError.self) { try Threshold(parsing: "handshak.p99<50ms") }
        let text = try #require(error?.description)
        #expect(text == "handshak.p99 is not a metric: did you mean handshake.p99?")
        let unlike = #expect(throws: ThresholdError.self) { try Threshold(parsing: "temperature<50") }
        #expect(unlike?.description.hasPrefix("temperature is not a metric. There are: handshake.count, ") == true)
        #expect(unlike?.description.contains("target.bytes_per_connection") == true)
        #expect(ThresholdError.nearest(to: "target.bytes_per_conection") == "target.bytes_per_connection")
        #expect(ThresholdError.nearest(to: "echo.99") == "echo.p99")
        #expect(ThresholdError.nearest(to: "temperature") == nil)
    }

    @Test func metricNamesAreUnique() {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        #expect(Metric.all.allSatisfy { $0.name.allSatisfy { !"<>= ".contains($0) } })
    }

    @Test(arguments: [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("p99", "p99.9", 2)])
    func theEditDistanceIsTheTextbooks(first: String, second: String, distance: Int) {
        #expect(EditDistance.between(first, second) == distance)
        #expect(EditDistance.between(second, first) == distance)
    }
}

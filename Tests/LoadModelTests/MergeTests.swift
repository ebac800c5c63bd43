import Foundation
import LoadModel
import Testing

@Suite struct MergeTests {
    private func report(
        _ connections: Int = 100,
        mode: LoadMode = .echo,
        target: String = "10.0.0.1:4433",
        latencyScale: Int = 1,
        start: Double? = nil,
        server: ServerObservation? = nil,
        expectations: ServerExpectations = .none
    ) throws -> LoadReport {
        var result = perfectResult(of: connections, mode: mode)
        result.handshake = LatencyRecorder()
        for index in 1...connections { result.handshake.record(.microseconds(index * 1_000 * latencyScale)) }
        var report = LoadReport(
            target: target,
            scenario: try scenario(connections, mode: mode),
            result: result,
            server: server,
            expectations: expectations
        )
        report.startUnixSeconds = start
        return report
    }

    private func merge(_ reports: LoadReport...) throws -> LoadReport {
        try LoadReport(merging: reports.enumerated().map { NamedReport(name: "\($0).json", report: $1) })
    }

    @Test func countsAreAddedAndTheLargestPeakIsKept() throws {
        let merged = try merge(report(100), report(300), report(50))
        #expect(merged.scenario.connections == 450)
        #expect(merged.scenario.pace == .open(ratePerSecond: 3_000))
        #expect(merged.scenario.sockets == 48)
        #expect(merged.scenario.generators == 3)
        #expect(merged.outcomes.completed == 450)
        #expect(merged.outcomes.echoed == 450)
        #expect(merged.generator.cpuSeconds == 3.75)
        #expect(merged.generator.peakResidentBytes == 80 << 20)
        #expect(merged.verdict.passed)
        #expect(merged.verdict.expectations.first?.sentence == "450 of 450 connections established")
        #expect(merged.text.hasPrefix("450 connections to 10.0.0.1:4433 at 3000/s from 3 generators\n"))
    }

    @Test func percentilesAreThoseOfAllLatencies() throws {
        let merged = try merge(report(100), report(100, latencyScale: 100))
        var all = LatencyRecorder()
        for index in 1...100 {
            all.record(.microseconds(index * 1_000))
            all.record(.microseconds(index * 100_000))
        }
        #expect(merged.latencies.handshake == all.summary)
        #expect(merged.histograms?.handshake == all.histogram)
        // The mean of both medians would be 2.5 s.
        #expect(merged.latencies.handshake.p50 < 110_000)
    }

    @Test func aMergedReportSurvivesJSONAndMergesAgain() throws {
        let once = try merge(report(100, start: 1), report(300, start: 2))
        let json = try JSONEncoder().encode(once)
        let read = try JSONDecoder().decode(LoadReport.self, from: json)
        #expect(read == once)
        let twice = try merge(read, report(50, start: 3))
        let flat = try merge(report(100, start: 1), report(300, start: 2), report(50, start: 3))
        #expect(twice == flat)
    }

    @Test func moreThanOneGeneratorMayOpenIsAcceptedFromJSON() throws {
        let big = try LoadScenario(validatingConnections: 1_000_000, ratePerSecond: 100_000, sockets: 1_024)
        let part = LoadReport(target: "t", scenario: big, result: perfectResult(of: 1))
        let merged = try merge(part, part)
        let read = try JSONDecoder().decode(LoadReport.self, from: JSONEncoder().encode(merged))
        #expect(read.scenario.connections == 2_000_000)
        #expect(throws: ScenarioError.self) {
            try LoadScenario(validatingConnections: 2_000_001, ratePerSecond: 1, generators: 2)
        }
    }

    @Test func theRunLastsFromTheFirstStartToTheLastEnd() throws {
        let merged = try merge(report(start: 1_000), report(start: 1_010), report(start: 990))
        #expect(merged.startUnixSeconds == 990)
        #expect(abs(merged.elapsedSeconds - 25.25) < 1e-6)
        let unknown = try merge(report(start: 1_000), report())
        #expect(unknown.startUnixSeconds == nil)
        #expect(unknown.elapsedSeconds == 5.25)
    }

    @Test func theServerIsTheFirstBeforeAndTheLastAfter() throws {
        func seen(_ before: Int, _ peak: Int, _ after: Int, returned: Double?) throws -> ServerObservation {
            var observation = ServerObservation()
            observation.record(idleServer(residentBytes: before), .before)
            observation.record(idleServer(residentBytes: peak), .during)
            observation.record(returned == nil ? try busyServer() : idleServer(residentBytes: after), .after)
            observation.returnSeconds = returned
            return observation
        }
        let expectations = ServerExpectations(returns: true)
        let early = try report(start: 1, server: seen(10, 900, 0, returned: nil), expectations: expectations)
        let late = try report(start: 2, server: seen(20, 500, 30, returned: 0.5), expectations: expectations)
        // The first to end saw the connections of the other, and was disappointed.
        #expect(!early.verdict.passed)
        let merged = try merge(late, early)
        #expect(merged.verdict.passed)
        #expect(merged.verdict.expectations.contains { $0.name == "server_returned" })
        #expect(merged.server?.before?.process.residentBytes == 10)
        #expect(merged.server?.after?.process.residentBytes == 30)
        #expect(merged.server?.peak?.connections.live == 10)
        #expect(merged.server?.sampleCount == 6)
        #expect(merged.server?.returnSeconds == 0.5)
        #expect(try merge(report(), early).server?.before?.process.residentBytes == 10)
        #expect(try merge(report(), report()).server == nil)
    }

    @Test func aFailureOfOneGeneratorIsAFailureOfAll() throws {
        var result = perfectResult(of: 99)
        result.outcomes.record(.timedOut)
        let failed = LoadReport(target: "10.0.0.1:4433", scenario: try scenario(100), result: result)
        let merged = try merge(report(100), failed)
        #expect(!merged.verdict.passed)
        #expect(merged.verdict.failures.last?.sentence == "199 of 200 connections completed: 1 timed out")
    }
}

// MARK: - Refusals

extension MergeTests {
    private func refusal(_ reports: LoadReport...) -> String? {
        let named = reports.enumerated().map { NamedReport(name: "\($0).json", report: $1) }
        return #expect(throws: MergeError.self) { try LoadReport(merging: named) }?.description
    }

    private func decoded(_ report: LoadReport, replacing part: String, with other: String) throws -> LoadReport {
        let json = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
        let changed = json.replacing(part, with: other)
        #expect(changed != json)
        return try JSONDecoder().decode(LoadReport.self, from: Data(changed.utf8))
    }

    @Test func differentScenariosAreNamed() throws {
        #expect(
            try refusal(report(), report(mode: .hold))
                == "0.json and 1.json are not of one run: their mode is echo and hold"
        )
        #expect(
            try refusal(report(), report(), report(target: "10.0.0.2:4433"))
                == "0.json and 2.json are not of one run: their target is 10.0.0.1:4433 and 10.0.0.2:4433"
        )
        for (part, other, field) in [
            ("\"message_bytes\":64", "\"message_bytes\":65", "message size is 64 bytes and 65 bytes"),
            ("\"hold_seconds\":3", "\"hold_seconds\":4", "hold is 3s and 4s"),
            ("\"dial_timeout_seconds\":10", "\"dial_timeout_seconds\":9", "dial timeout is 10s and 9s"),
            ("\"echo_timeout_seconds\":30", "\"echo_timeout_seconds\":9", "echo timeout is 30s and 9s"),
            ("\"application_protocol\":\"echo\"", "\"application_protocol\":\"h3\"", "protocol is echo and h3"),
        ] {
            let changed = try decoded(report(), replacing: part, with: other)
            #expect(try refusal(report(), changed)?.hasSuffix(field) == true)
        }
    }

    @Test func theSameReportTwiceIsRefused() throws {
        let twice = try refusal(report(start: 1), report(start: 2), report(start: 1))
        #expect(twice == "0.json and 2.json are the same report: each may be given once")
    }

    @Test func differentSchemaVersionsAreNamed() throws {
        let newer = try decoded(report(), replacing: "\"schema_version\":2", with: "\"schema_version\":3")
        #expect(
            try refusal(report(), newer)
                == "0.json has schema version 2 and 1.json has 3: merge reports of one version"
        )
        #expect(refusal(newer, newer) == "0.json has schema version 3, 2 is understood")
        let header = try JSONDecoder().decode(ReportHeader.self, from: Data(#"{"schema_version":7,"new":1}"#.utf8))
        #expect(throws: MergeError.unknownSchemaVersion("a", 7)) { try ReportHeader.check([("a", header)]) }
    }

    @Test func whatEachGeneratorMeasuredOfItselfIsAdded() throws {
        var result = perfectResult(of: 10)
        result.traffic.messages = 10
        result.generator.lateStarts = 3
        result.generator.busiestWorkerShare = 0.5
        result.generator.descriptors = .init(before: 9, after: 9)
        result.startDelay.record(.milliseconds(12))
        let part = LoadReport(target: "t", scenario: try scenario(10), result: result)
        result.generator.busiestWorkerShare = 0.7
        let merged = try merge(part, LoadReport(target: "t", scenario: try scenario(10), result: result))
        #expect(merged.traffic.messages == 20)
        #expect(merged.generator.lateStarts == 6)
        #expect(merged.generator.busiestWorkerShare == 0.7)
        #expect(merged.generator.descriptors == .init(before: 18, after: 18))
        #expect(merged.latencies.startDelay.count == 2)
        #expect(merged.warnings == ["6 of 20 connections began more than 10ms late"])
        var unknown = LoadResult()
        unknown.outcomes = result.outcomes
        let other = LoadReport(target: "t", scenario: try scenario(10), result: unknown)
        #expect(try merge(part, other).generator.descriptors == nil)
    }

    @Test func closedLoopsAreAddedAndNoOpenOneToThem() throws {
        func report(_ pace: LoadPace) throws -> LoadReport {
            var scenario = LoadScenario(mode: .echo, pace: pace)
            scenario.duration = .seconds(5)
            return LoadReport(target: "t", scenario: scenario, result: perfectResult(of: 10))
        }
        let closed = try report(.closed(concurrency: 8))
        let merged = try merge(closed, closed)
        #expect(merged.scenario.pace == .closed(concurrency: 16))
        #expect(merged.scenario.connections == nil)
        #expect(merged.verdict.passed)
        #expect(
            try refusal(closed, report(.open(ratePerSecond: 100)))
                == "0.json and 1.json are not of one run: their loop is closed and open"
        )
    }

    @Test func reportsWithoutHistogramsCannotBeAdded() throws {
        var object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(report())) as? [String: Any]
        )
        object["histograms"] = nil
        let old = try JSONDecoder().decode(LoadReport.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(try refusal(report(), old) == "1.json has no histograms: its latencies cannot be added to others")
    }

    @Test func nothingIsNoReport() {
        #expect(refusal() == "there is no report to merge")
    }
}

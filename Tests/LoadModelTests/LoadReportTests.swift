import Foundation
import LoadModel
import Testing

@Suite struct LoadReportTests {
    private func report(server: ServerObservation? = nil) throws -> LoadReport {
        var result = perfectResult(of: 98)
        result.outcomes.scheduled = 100
        result.outcomes.answered = 99
        result.outcomes.established = 99
        result.outcomes.record(.timedOut)
        result.outcomes.record(.alert(40))
        return LoadReport(
            target: "127.0.0.1:4433",
            scenario: try scenario(100),
            result: result,
            server: server,
            expectations: ServerExpectations(returns: server != nil)
        )
    }

    private func observation() throws -> ServerObservation {
        var observation = ServerObservation()
        observation.record(idleServer(), .before)
        observation.record(try busyServer(), .during)
        observation.recordFailure("connection refused", .during)
        observation.record(idleServer(residentBytes: 21 << 20), .after)
        observation.returnSeconds = 0.5
        return observation
    }

    @Test func theTextOfAReportIsAligned() throws {
        #expect(
            try report().text == """
                100 connections to 127.0.0.1:4433 at 1000/s
                mode echo, messages of 64 B, 16 sockets, ALPN echo, seed 42

                outcomes                        count
                scheduled                         100
                answered                           99
                established                        99
                used                               98
                echoed                             98
                closed                             98
                abandoned                           0
                completed                          98
                failed                              2
                  timed out                         1
                  alert 40 (handshake_failure)      1

                latency              count     min      p50      p90      p99    p99.9      max     mean
                handshake               98  1.0 ms  49.0 ms  89.0 ms  98.0 ms  98.0 ms  98.0 ms  49.5 ms
                  from actual start      0       -        -        -        -        -        -        -
                first answer             0       -        -        -        -        -        -        -
                echo                    98  1.0 ms  49.0 ms  89.0 ms  98.0 ms  98.0 ms  98.0 ms  49.5 ms
                start delay              0       -        -        -        -        -        -        -

                traffic: 98 messages, 0 B sent, 0 B received, 0.0 MB/s

                generator: 5.3 s, CPU 1.3 s (busiest worker 0 % of a core), peak RSS 80 MiB, 0 late starts, \
                datagrams dropped: 0 on arrival, 0 on sending

                FAILED 99 of 100 connections established
                FAILED 98 of 100 connections echoed
                FAILED 98 of 100 connections closed
                FAILED 98 of 100 connections completed: 1 timed out, 1 alert 40 (handshake_failure)
                ok     0 connections live in the generator after the run
                ok     0 deadlines and connection IDs live in the generator after the run
                ok     0 bytes held by the generator after the run
                ok     the generator's heap changed by 0 B, at most 1.0 MiB is expected

                """
        )
    }

    @Test func theServersTableAndItsFailuresAreInTheText() throws {
        let text = try report(server: observation()).text
        #expect(text.contains("\nserver          before       peak   after\n"))
        #expect(text.contains("\nprocess RSS     20 MiB     50 MiB  21 MiB\n"))
        #expect(text.contains("\n1 of 4 requests for statistics failed: connection refused\n"))
        #expect(text.contains("\nok     the server returned to zero after 0.5 s\n"))
    }

    @Test func onlyModesThatHoldShowForHowLong() throws {
        func heading(_ mode: LoadMode) throws -> String {
            let scenario = try LoadScenario(validatingConnections: 1, ratePerSecond: 2.5, mode: mode, seed: 7)
            let report = LoadReport(target: "t", scenario: scenario, result: perfectResult(of: 1, mode: mode))
            return String(report.text.prefix { $0 != "," }) + (report.text.contains(", hold 3s, ") ? " holds" : "")
        }
        #expect(try heading(.close) == "1 connections to t at 2.50/s\nmode close")
        #expect(try heading(.hold) == "1 connections to t at 2.50/s\nmode hold holds")
        #expect(try heading(.abandon) == "1 connections to t at 2.50/s\nmode abandon holds")
    }

    @Test func latenciesThatWereNotMeasuredAreDashes() throws {
        let result = perfectResult(of: 1, mode: .close)
        let report = LoadReport(target: "t", scenario: try scenario(1, mode: .close), result: result)
        #expect(
            report.text.contains(
                "\necho                     0       -       -       -       -       -       -       -\n"
            )
        )
    }

    @Test func aReportSurvivesJSON() throws {
        let report = try report(server: observation())
        let json = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(LoadReport.self, from: json) == report)
    }

    @Test func theJSONHasTheNamesThatScriptsRead() throws {
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report(server: observation())))
        let object = try #require(json as? [String: Any])
        #expect(
            Set(object.keys) == [
                "schema_version", "target", "scenario", "outcomes", "latencies", "histograms", "traffic",
                "elapsed_seconds", "generator", "warnings", "server", "steps", "verdict",
            ]
        )
        #expect(object["schema_version"] as? Int == 2)
        #expect(object["elapsed_seconds"] as? Double == 5.25)
        let verdict = try #require(object["verdict"] as? [String: Any])
        #expect(verdict["passed"] as? Bool == false)
        let latencies = try #require(object["latencies"] as? [String: [String: Any]])
        #expect(
            Set(latencies.keys) == ["handshake", "handshake_from_start", "first_answer", "echo", "start_delay"]
        )
        #expect(latencies["handshake"]?["p50_us"] as? Int == 49_023)
        let server = try #require(object["server"] as? [String: Any])
        #expect(Set(server.keys).isSuperset(of: ["before", "peak", "after", "sample_count", "return_seconds"]))
    }

    @Test func aClosedLoopAndItsEndAreInTheHeading() throws {
        var scenario = LoadScenario(mode: .churn, pace: .closed(concurrency: 50))
        scenario.duration = .seconds(10)
        scenario.workers = 2
        let report = LoadReport(target: "t", scenario: scenario, result: perfectResult(of: 3))
        #expect(
            report.text.hasPrefix(
                "connections for 10s to t with 50 at a time\nmode churn, messages of 64 B, hold 0s, 2 workers, "
            )
        )
        #expect(!report.text.contains("from actual start"))
    }

    @Test func whatLimitedTheGeneratorIsAWarning() throws {
        var result = perfectResult(of: 1_000)
        result.generator.lateStarts = 9
        result.generator.busiestWorkerShare = 0.89
        func warnings() throws -> [String] {
            LoadReport(target: "t", scenario: try scenario(1_000), result: result).warnings
        }
        #expect(try warnings() == [])
        result.generator.lateStarts = 10
        result.generator.busiestWorkerShare = 0.9
        result.generator.receiveOverflows = 1
        result.generator.sendOverflows = 2
        #expect(
            try warnings() == [
                "10 of 1000 connections began more than 10ms late",
                "a worker used 90 % of a core: --workers spreads the run over more",
                "1 datagrams were dropped because a receive queue was full",
                "2 datagrams were dropped because a send queue was full",
            ]
        )
        let text = LoadReport(target: "t", scenario: try scenario(1_000), result: result).text
        #expect(text.contains("\nWARNING the generator may have been the bottleneck: 10 of 1000 "))
    }

    @Test func theStepsOfAHerdAreATable() throws {
        var result = perfectResult(of: 2, mode: .idleHerd)
        result.steps = [
            HerdStep(
                connections: 2,
                open: 2,
                failed: 0,
                elapsedSeconds: 1.5,
                generatorResidentBytes: 3 << 20,
                target: TargetReading(residentBytes: 4 << 20)
            )
        ]
        let report = LoadReport(target: "t", scenario: try scenario(2, mode: .idleHerd), result: result)
        #expect(report.text.contains("\n2        2       0  1.5 s    3 MiB             -       4 MiB\n"))
        let json = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(LoadReport.self, from: json) == report)
    }
}

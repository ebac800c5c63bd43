import Foundation
import LoadModel
import Testing

@Suite struct LoadReportTests {
    private func report(server: ServerObservation? = nil) throws -> LoadReport {
        var result = perfectResult(of: 98)
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
                established                        99
                echoed                             98
                closed                             98
                abandoned                           0
                completed                          98
                failed                              2
                  timed out                         1
                  alert 40 (handshake_failure)      1

                latency    count     min      p50      p90      p99    p99.9      max     mean
                handshake     98  1.0 ms  49.0 ms  89.0 ms  98.0 ms  98.0 ms  98.0 ms  49.5 ms
                echo          98  1.0 ms  49.0 ms  89.0 ms  98.0 ms  98.0 ms  98.0 ms  49.5 ms

                generator: 5.3 s, CPU 1.3 s, peak RSS 80 MiB, still held 0 B, live connections 0

                FAILED 99 of 100 connections established
                FAILED 98 of 100 connections echoed
                FAILED 98 of 100 connections closed
                FAILED 98 of 100 connections completed: 1 timed out, 1 alert 40 (handshake_failure)
                ok     0 connections live in the generator after the run
                ok     0 bytes held by the generator after the run

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
        #expect(report.text.contains("\necho           0       -       -       -       -       -       -       -\n"))
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
                "schema_version", "target", "scenario", "outcomes", "latencies", "histograms", "elapsed_seconds",
                "generator", "server", "verdict",
            ]
        )
        #expect(object["schema_version"] as? Int == 1)
        #expect(object["elapsed_seconds"] as? Double == 5.25)
        let verdict = try #require(object["verdict"] as? [String: Any])
        #expect(verdict["passed"] as? Bool == false)
        let latencies = try #require(object["latencies"] as? [String: [String: Any]])
        #expect(latencies["handshake"]?["p50_us"] as? Int == 49_023)
        let server = try #require(object["server"] as? [String: Any])
        #expect(Set(server.keys).isSuperset(of: ["before", "peak", "after", "sample_count", "return_seconds"]))
    }
}

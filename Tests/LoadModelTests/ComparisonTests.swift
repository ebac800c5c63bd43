import Foundation
import Synchronization
import Testing

@testable import LoadModel

@Suite struct ComparisonTests {
    @Test(arguments: [
        ([3.0], 3.0, 3.0, 3.0), ([5, 1, 3], 3, 1, 5), ([4, 1, 3, 100], 3.5, 1, 100), ([2, 2], 2, 2, 2),
    ])
    func aMedianIsTheMiddleOrTheMeanOfTheTwoInTheMiddle(
        _ values: [Double],
        _ median: Double,
        _ least: Double,
        _ most: Double
    ) throws {
        let spread = try #require(MedianSpread(values))
        #expect(spread.median == median)
        #expect(spread.minimum == least)
        #expect(spread.maximum == most)
    }

    @Test func noValuesHaveNoMedian() {
        #expect(MedianSpread([]) == nil)
    }

    @Test func targetsTakeTurns() {
        let turns = ComparisonRun.turns(targets: 3, rounds: 2)
        #expect(turns.map(\.target) == [0, 1, 2, 0, 1, 2])
        #expect(turns.map(\.round) == [0, 0, 0, 1, 1, 1])
    }

    @Test func everyTargetGetsEveryRoundWithTheSameSeeds() async throws {
        let order = Mutex<[String]>([])
        let targets = ["a", "b"].map { name in
            ComparisonRun.Target(Self.target(name)) { seed in
                order.withLock { $0.append("\(name)\(seed)") }
                return try Self.round()
            }
        }
        let run = ComparisonRun(of: try scenario(50), targets: targets, rounds: 3)
        let comparison = try await run.comparison { _ in }
        #expect(order.withLock(\.self) == ["a42", "b42", "a43", "b43", "a44", "b44"])
        #expect(comparison.targets.map(\.rounds.count) == [3, 3])
        #expect(comparison.passed)
    }

    @Test func aCancelledComparisonHasTheWholeRoundsUntilThenAndFails() async throws {
        let task = Task {
            let targets = ["a", "b"].map { name in
                ComparisonRun.Target(Self.target(name)) { _ in
                    if name == "b" { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                    return try Self.round()
                }
            }
            return try await ComparisonRun(of: try scenario(50), targets: targets, rounds: 3).comparison { _ in }
        }
        let comparison = try await task.value
        #expect(comparison.targets.map(\.rounds.count) == [1, 0])
        #expect(!comparison.passed)
        #expect(comparison.failures == ["a: 1 of 3 rounds were run", "b: 0 of 3 rounds were run"])
        #expect(comparison.text.contains("\n1 round in turn, "))
    }

    @Test func aRoundHasTheFiguresThatAreKnown() throws {
        let round = try Self.round(cpuSeconds: 0.1)
        #expect(round.figures[.handshakeP50] == 25_007)
        #expect(round.figures[.failed] == 0)
        #expect(round.figures[.generatorCPUSeconds] == 1.25)
        #expect(round.figures[.targetCPUSecondsPerHandshake] == 0.002)
        #expect(abs((round.figures[.handshakesPerSecond] ?? 0) - 50 / 5.25) < 0.001)
        #expect(round.figures[.targetPeakResidentBytes] == nil)
        #expect(round.figures[.targetBytesPerConnection] == nil)
    }

    @Test func bytesPerConnectionAreThoseOfTheMomentWithTheMost() throws {
        var result = perfectResult(of: 50, mode: .hold)
        var recorder = TimelineRecorder()
        for (second, live, bytes) in [(1, 20, 3_000_000), (2, 50, 6_000_000), (3, 0, 5_000_000)] {
            recorder.append(
                TimelineSample(seconds: Double(second), established: live, residentBytes: bytes)
            )
        }
        result.timeline = recorder.timeline
        let report = LoadReport(target: "a", scenario: try scenario(50, mode: .hold), result: result)
        let round = ComparedRound(report)
        #expect(round.figures[.targetBytesPerConnection] == 60_000)
        #expect(round.figures[.targetPeakResidentBytes] == 6_000_000)
    }

    @Test func whatFailsIsNamedWithItsTargetAndItsRound() throws {
        var outcomes = perfectResult(of: 50)
        outcomes.generator.liveConnections = 2
        let report = LoadReport(target: "b", scenario: try scenario(50), result: outcomes)
        let comparison = Comparison(
            of: try scenario(50),
            targets: [
                Self.target("a", [try Self.round()]), Self.target("b", [try Self.round(), ComparedRound(report)]),
            ]
        )
        #expect(!comparison.passed)
        #expect(comparison.failures == ["b, round 2: 2 connections live in the generator after the run"])
        #expect(comparison.text.contains("FAILED b, round 2: 2 connections"))
    }

    @Test func theTableHasAColumnForEachTargetAndNoRowThatNobodyKnows() throws {
        let slower = try Self.round(cpuSeconds: 0.3)
        let comparison = Comparison(
            of: try scenario(50),
            targets: [
                Self.target("ours", [try Self.round(cpuSeconds: 0.1), slower, slower]),
                Self.target("another", [try Self.round()]),
            ]
        )
        let lines = comparison.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "50 connections at 1000/s, mode echo, messages of 64 B")
        #expect(lines[1] == "medians of 3 rounds in turn, in parentheses the least and the most, seed 42")
        #expect(lines[2] == "ours: 127.0.0.1:1, ALPN echo")
        let header = try #require(lines.firstIndex { $0.hasPrefix("median ") })
        #expect(lines[header].hasSuffix("  another"))
        let row = try #require(lines.first { $0.hasPrefix("target CPU per handshake") })
        #expect(row.contains("6.0 ms (2.0 ms to 6.0 ms)"))
        #expect(row.hasSuffix(" -"))
        #expect(!comparison.text.contains("target peak RSS"))
        #expect(Set(lines[header...].map(\.count)).count == 1)
    }

    @Test func theJSONHasTheDocumentedFields() throws {
        let comparison = Comparison(of: try scenario(50), targets: [Self.target("a", [try Self.round()])])
        let data = try JSONEncoder().encode(comparison)
        let json = String(decoding: data, as: UTF8.self)
        for field in [
            "schema_version\":1", "\"rounds\":1", "application_protocol", "\"medians\":{", "handshakes_per_second\":{",
            "\"min\"",
        ] {
            #expect(json.contains(field), "\(field)")
        }
        #expect(try JSONDecoder().decode(Comparison.self, from: data) == comparison)
    }

    private static func target(_ name: String, _ rounds: [ComparedRound] = []) -> ComparedTarget {
        ComparedTarget(name: name, address: "127.0.0.1:1", applicationProtocol: "echo", rounds: rounds)
    }

    private static func round(cpuSeconds: Double? = nil) throws -> ComparedRound {
        let report = LoadReport(target: "a", scenario: try scenario(50), result: perfectResult(of: 50))
        return ComparedRound(report, targetCPUSeconds: cpuSeconds)
    }
}

@Suite struct TargetDescriptionTests {
    @Test func aTargetIsANameAnAddressAndWhatIsKnownOfIt() throws {
        let text = "ours=[::1]:4433,pid=12,admin=http://127.0.0.1:9443,alpn=h3,server-name=example.test"
        let target = try TargetDescription(text)
        #expect(target.name == "ours")
        #expect(target.address == "[::1]:4433")
        #expect(target.processID == 12)
        #expect(target.admin == (try AdminAddress(url: "http://127.0.0.1:9443")))
        #expect(target.applicationProtocol == "h3")
        #expect(target.serverName == "example.test")
    }

    @Test func withoutANameTheAddressIsTheName() throws {
        let target = try TargetDescription("localhost:4433,alpn=h3")
        #expect(target.name == "localhost:4433")
        #expect(target.address == "localhost:4433")
    }

    @Test(arguments: [
        ("", "NAME=HOST:PORT"), ("=127.0.0.1:1", "NAME=HOST:PORT"), ("a=", "NAME=HOST:PORT"),
        ("a=127.0.0.1:1,pid=x", "the number of a process"), ("a=127.0.0.1:1,pid=0", "the number of a process"),
        ("a=127.0.0.1:1,admin=127.0.0.1", "http://HOST:PORT"), ("a=127.0.0.1:1,color=red", "pid=, admin=, alpn="),
        ("a=127.0.0.1:1,alpn", "pid=, admin=, alpn="), ("a=127.0.0.1:1,", "pid=, admin=, alpn="),
    ])
    func whatIsNotAcceptedIsNamedWithWhatIs(_ text: String, _ accepted: String) {
        #expect { try TargetDescription(text) } throws: { "\($0)".contains(accepted) }
    }
}

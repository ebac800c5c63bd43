import LoadModel
import Testing

@Suite struct VerdictTests {
    private func verdict(
        _ result: LoadResult,
        mode: LoadMode = .echo,
        server: ServerObservation? = nil,
        expectations: ServerExpectations = .none
    ) throws -> Verdict {
        Verdict(scenario: try scenario(5_000, mode: mode), result: result, server: server, expectations: expectations)
    }

    private func observation(after: ServerSnapshot?) -> ServerObservation {
        var observation = ServerObservation()
        observation.record(idleServer(), .before)
        if let after {
            observation.record(after, .after)
        } else {
            observation.recordFailure("connection refused", .after)
        }
        return observation
    }

    @Test(arguments: LoadMode.allCases)
    func aPerfectRunPassesInEveryMode(mode: LoadMode) throws {
        let verdict = try verdict(perfectResult(of: 5_000, mode: mode), mode: mode)
        #expect(verdict.passed)
        #expect(verdict.failures.isEmpty)
        let names = verdict.expectations.map(\.name)
        #expect(names.contains("echoed") == mode.sendsMessage)
        #expect(names.contains("closed") == (mode != .abandon))
        #expect(names.contains("abandoned") == (mode == .abandon))
    }

    @Test func whatHappenedIsSaidInASentenceEach() throws {
        let verdict = try verdict(perfectResult(of: 5_000))
        #expect(
            verdict.expectations.map(\.sentence) == [
                "5000 of 5000 connections established",
                "5000 of 5000 connections echoed",
                "5000 of 5000 connections closed",
                "5000 of 5000 connections completed",
                "0 connections live in the generator after the run",
                "0 deadlines and connection IDs live in the generator after the run",
                "0 bytes held by the generator after the run",
                "the generator's heap changed by 0 B, at most 1.1 MiB is expected",
            ]
        )
    }

    @Test func failuresAreNamedByKind() throws {
        var result = perfectResult(of: 4_997)
        result.outcomes.record(.timedOut, count: 2)
        result.outcomes.record(.alert(120))
        let verdict = try verdict(result)
        #expect(!verdict.passed)
        #expect(verdict.failures.map(\.name) == ["established", "echoed", "closed", "completed"])
        #expect(
            verdict.failures.last?.sentence
                == "4997 of 5000 connections completed: 2 timed out, 1 alert 120 (no_application_protocol)"
        )
    }

    @Test func aLostConnectionFailsEvenWithoutAnOutcome() throws {
        var result = perfectResult(of: 5_000)
        result.outcomes = perfectResult(of: 4_999).outcomes
        #expect(try verdict(result).failures.last?.sentence == "4999 of 5000 connections completed")
    }

    @Test func aGeneratorThatLeaksFails() throws {
        var result = perfectResult(of: 5_000)
        result.generator = GeneratorUsage(cpuSeconds: 1, peakResidentBytes: 1, heldBytes: 64, liveConnections: 2)
        #expect(
            try verdict(result).failures.map(\.sentence) == [
                "2 connections live in the generator after the run", "64 bytes held by the generator after the run",
            ]
        )
    }

    @Test func whatTheGeneratorHasOpenMustBeNoMoreThanBefore() throws {
        var result = perfectResult(of: 5_000)
        result.generator.descriptors = .init(before: 9, after: 9)
        result.generator.threads = .init(before: 0, after: 0)
        #expect(try verdict(result).passed)
        result.generator.descriptors = .init(before: 9, after: 13)
        result.generator.threads = .init(before: 0, after: 1)
        result.generator.liveEntries = 3
        result.generator.heapGrowthBytes = (1 << 20) + 16 * 5_000 + 1
        #expect(
            try verdict(result).failures.map(\.name) == [
                "generator_entries", "generator_heap", "generator_descriptors", "generator_threads",
            ]
        )
    }

    @Test func whereTimeEndsARunAllThatBeganAreExpected() throws {
        var scenario = LoadScenario(mode: .echo, pace: .closed(concurrency: 8))
        scenario.duration = .seconds(1)
        func verdict(_ result: LoadResult) -> Verdict {
            Verdict(scenario: scenario, result: result, server: nil, expectations: .none)
        }
        #expect(verdict(perfectResult(of: 77)).passed)
        var result = perfectResult(of: 77)
        result.outcomes.scheduled = 78
        #expect(verdict(result).failures.map(\.name) == ["established", "echoed", "closed", "completed"])
    }

    @Test func nothingIsExpectedOfAServerUnlessAsked() throws {
        #expect(try verdict(perfectResult(of: 5_000), server: observation(after: busyServer())).passed)
        #expect(try verdict(perfectResult(of: 5_000), server: observation(after: nil)).passed)
    }

    @Test func aServerThatReturnedPasses() throws {
        var observation = observation(after: idleServer())
        observation.returnSeconds = 3.21
        let expectations = ServerExpectations(returns: true)
        let verdict = try verdict(perfectResult(of: 5_000), server: observation, expectations: expectations)
        #expect(verdict.passed)
        #expect(verdict.expectations.last?.sentence == "the server returned to zero after 3.2 s")
    }

    @Test func whatDidNotReturnIsNamed() throws {
        var after = idleServer()
        after.connectionIDs = 3
        after.deadlines = 1
        let expectations = ServerExpectations(returns: true)
        let verdict = try verdict(
            perfectResult(of: 5_000),
            server: observation(after: after),
            expectations: expectations
        )
        #expect(
            verdict.failures.map(\.sentence)
                == ["the server did not return to zero within 20s: connection_ids 3, deadlines 1"]
        )
    }

    @Test func aServerThatNoLongerAnswersFailsWhatIsExpectedOfIt() throws {
        let expectations = ServerExpectations(returns: true, residentGrowthBytesLimit: 1)
        let verdict = try verdict(
            perfectResult(of: 5_000),
            server: observation(after: nil),
            expectations: expectations
        )
        #expect(
            verdict.failures.map(\.sentence) == [
                "the server did not answer after the run: connection refused",
                "the server's memory could not be compared: connection refused",
            ]
        )
    }

    @Test func memoryThatGrewBeyondItsLimitFails() throws {
        func failures(growthBytes: Int) throws -> [String] {
            let after = idleServer(residentBytes: (20 << 20) + growthBytes)
            let expectations = ServerExpectations(residentGrowthBytesLimit: 10 << 20)
            return try verdict(
                perfectResult(of: 5_000),
                server: observation(after: after),
                expectations: expectations
            ).failures.map(\.sentence)
        }
        #expect(try failures(growthBytes: 10 << 20).isEmpty)
        #expect(try failures(growthBytes: -(1 << 20)).isEmpty)
        #expect(
            try failures(growthBytes: 12 << 20)
                == ["the server's RSS changed by 12 MiB, at most 10 MiB is expected"]
        )
    }
}

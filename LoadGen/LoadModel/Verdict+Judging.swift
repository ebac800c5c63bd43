import TextValues

extension Verdict {
    /// Judges a run by what its scenario promises, what the generator still holds, and what was expected of the
    /// server.
    ///
    /// - Parameter server: nil when the server's statistics were not read; then nothing is expected of them.
    public init(
        scenario: LoadScenario,
        result: LoadResult,
        server: ServerObservation?,
        expectations: ServerExpectations
    ) {
        self.init(
            Self.connections(of: scenario, result.outcomes)
                + Self.generator(result.generator, starts: result.outcomes.scheduled)
                + (server.map { Self.server($0, expectations) } ?? [])
        )
    }

    private static func connections(of scenario: LoadScenario, _ outcomes: OutcomeCounts) -> [Expectation] {
        let expectedCount = scenario.connectionsExpected(begun: outcomes.scheduled)
        func all(_ name: String, _ count: Int, detail: String = "") -> Expectation {
            let sentence = "\(count) of \(expectedCount) connections \(name)\(detail)"
            return Expectation(name, passed: count == expectedCount, sentence)
        }
        var expected = [all("established", outcomes.established)]
        if scenario.expectsEcho { expected.append(all("echoed", outcomes.echoed)) }
        let isPolite = scenario.mode.closesPolitely
        expected.append(isPolite ? all("closed", outcomes.closed) : all("abandoned", outcomes.abandoned))
        let failures = outcomes.failures.map { "\($0.count) \($0.outcome.title)" }.joined(separator: ", ")
        expected.append(all("completed", outcomes.completed, detail: failures.isEmpty ? "" : ": \(failures)"))
        return expected
    }

    private static func server(_ server: ServerObservation, _ expectations: ServerExpectations) -> [Expectation] {
        var expected: [Expectation] = []
        if expectations.returns { expected.append(returned(server, within: expectations.returnTimeout)) }
        if let limit = expectations.residentGrowthBytesLimit { expected.append(resident(server, limitBytes: limit)) }
        return expected
    }

    private static func returned(_ server: ServerObservation, within timeout: Duration) -> Expectation {
        let name = "server_returned"
        guard let after = server.after else {
            return Expectation(name, passed: false, "the server did not answer after the run\(reason(server))")
        }
        guard after.hasReturned else {
            let unreturned = after.unreturned.joined(separator: ", ")
            let time = DurationText.format(timeout)
            return Expectation(name, passed: false, "the server did not return to zero within \(time): \(unreturned)")
        }
        let time = server.returnSeconds.map { " after \(DecimalText.format($0, places: 1)) s" } ?? ""
        return Expectation(name, passed: true, "the server returned to zero\(time)")
    }

    private static func resident(_ server: ServerObservation, limitBytes: Int) -> Expectation {
        let name = "server_resident_bytes"
        guard let before = server.before, let after = server.after else {
            return Expectation(name, passed: false, "the server's memory could not be compared\(reason(server))")
        }
        let growthBytes = after.process.residentBytes - before.process.residentBytes
        let sentence = """
            the server's RSS changed by \(ByteCountText.readable(growthBytes)), \
            at most \(ByteCountText.readable(limitBytes)) is expected
            """
        return Expectation(name, passed: growthBytes <= limitBytes, sentence)
    }

    private static func reason(_ server: ServerObservation) -> String {
        server.lastFailure.map { ": \($0)" } ?? ""
    }
}

import TextValues

extension AbuseOutcome {
    /// Writes down what was expected and did not happen.
    ///
    /// - Parameter limits: Those of the attacked server.
    public mutating func judge(by limits: AbuseLimits) {
        guard obstacle == nil else {
            failures = ["it could not be carried out: \(obstacle ?? "")"]
            return
        }
        let expectation = name.scenario.expectation
        failures = honestFailures()
        if let factor = expectation.replyFactorLimit, Double(receivedBytes) > factor * Double(sentBytes) {
            let most = DecimalText.format(factor, places: 1)
            failures.append(
                "the server sent \(receivedBytes) bytes for \(sentBytes) it received, more than \(most) times as many"
            )
        }
        guard isObserved else { return }
        failures += endFailures(expectation) + memoryFailures(expectation, limits)
        failures += releaseFailures(expectation, limits) + signFailures(expectation, limits)
    }

    private func honestFailures() -> [String] {
        if honest.failures > 0 {
            return ["the honest client had no answer \(honest.failures) times, and \(honest.echoes) answers"]
        }
        return honest.echoes == 0 ? ["the honest client had no answer at all"] : []
    }

    private func endFailures(_ expectation: AbuseExpectation) -> [String] {
        let unexpected = ends.keys.filter { !expectation.ends.contains($0) }.sorted()
        let accepted = expectation.ends.isEmpty ? "none" : expectation.ends.joined(separator: " or ")
        var failures = unexpected.map {
            "\(ends[$0] ?? 0) of its connections ended with \($0); expected is \(accepted)"
        }
        if !expectation.ends.isEmpty, expectation.signs.isEmpty, ends.isEmpty {
            failures.append("none of its connections was seen to end; expected is \(accepted)")
        }
        return failures
    }

    private func memoryFailures(_ expectation: AbuseExpectation, _ limits: AbuseLimits) -> [String] {
        var failures: [String] = []
        let most = limits.bytes(of: expectation.holding)
        if heldBytes > most { failures.append("one of its connections held \(heldBytes) bytes; \(most) are allowed") }
        if let most = limits.memoryBytes, ledgerPeakBytes > most {
            failures.append("all connections held \(ledgerPeakBytes) bytes; the server's limit is \(most)")
        }
        return failures
    }

    private func releaseFailures(_ expectation: AbuseExpectation, _ limits: AbuseLimits) -> [String] {
        let most = limits.seconds(until: expectation.release)
        let allowed = DecimalText.format(most, places: 1)
        guard let releaseSeconds else { return ["its connections were not gone after \(allowed) s"] }
        guard releaseSeconds > most else { return [] }
        return [
            "its connections were gone after \(DecimalText.format(releaseSeconds, places: 1)) s; \(allowed) s are allowed"
        ]
    }

    private func signFailures(_ expectation: AbuseExpectation, _ limits: AbuseLimits) -> [String] {
        // A server that follows its clients drops nothing from another path.
        let signs = expectation.signs.filter { $0 != "drops.other_path" || !limits.allowsMigration }
        guard !signs.isEmpty, !signs.contains(where: { growth[$0] ?? 0 > 0 }) else { return [] }
        return ["nothing shows that the server met it: \(signs.joined(separator: ", ")) did not grow"]
    }
}

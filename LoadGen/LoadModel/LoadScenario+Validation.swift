import TextValues

extension LoadScenario {
    func validate() throws(ScenarioError) {
        try Self.check("generators", generators, in: Self.generatorsAccepted, text: String.init)
        try Self.check("connections", connections, in: shared(Self.connectionsAccepted), text: String.init)
        let rateLimit = Self.ratePerSecondLimit * Double(generators)
        guard ratePerSecond > 0, ratePerSecond <= rateLimit else {
            throw ScenarioError(
                name: "rate",
                value: "\(ratePerSecond)",
                accepted: "more than 0 and at most \(Int(rateLimit)) connections per second"
            )
        }
        try Self.check("message-bytes", messageBytes, in: Self.messageBytesAccepted, text: ByteCountText.format)
        try Self.check("hold", hold, in: Self.holdAccepted, text: DurationText.format)
        try Self.check("dial-timeout", dialTimeout, in: Self.timeoutAccepted, text: DurationText.format)
        try Self.check("echo-timeout", echoTimeout, in: Self.timeoutAccepted, text: DurationText.format)
        try Self.check("sockets", sockets, in: shared(Self.socketsAccepted), text: String.init)
        // RFC 7301 §3.1: a protocol name is 1 to 255 bytes long.
        guard (1...255).contains(applicationProtocol.utf8.count) else {
            throw ScenarioError(name: "alpn", value: "\"\(applicationProtocol)\"", accepted: "a name of 1 to 255 bytes")
        }
    }

    /// What all generators of the scenario together may have, of what each may have.
    private func shared(_ accepted: ClosedRange<Int>) -> ClosedRange<Int> {
        accepted.lowerBound * generators...accepted.upperBound * generators
    }

    private static func check<Value: Comparable>(
        _ name: String,
        _ value: Value,
        in accepted: ClosedRange<Value>,
        text: (Value) -> String
    ) throws(ScenarioError) {
        guard accepted.contains(value) else {
            let range = "\(text(accepted.lowerBound)) to \(text(accepted.upperBound))"
            throw ScenarioError(name: name, value: text(value), accepted: range)
        }
    }
}

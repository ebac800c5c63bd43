import TextValues

extension LoadScenario {
    /// Whether every value is accepted, and all of them go together.
    ///
    /// - Throws: ``ScenarioError`` naming the first value that is not.
    public func validate() throws(ScenarioError) {
        try Self.check("generators", generators, in: Self.generatorsAccepted, text: String.init)
        try validateExtent()
        try validateTraffic()
        try validateWindows()
        try validateTimes()
        try validateNetwork()
        if mode == .idleHerd { try validateHerd() }
    }

    private func validateExtent() throws(ScenarioError) {
        if connections == nil, duration == nil {
            throw ScenarioError(name: "connections", value: "unset", accepted: "it, or duration")
        }
        if let connections {
            try Self.check("connections", connections, in: shared(Self.connectionsAccepted), text: String.init)
        }
        if let duration { try Self.check("duration", duration, in: Self.durationAccepted, text: DurationText.format) }
        switch pace {
        case .open(let rate):
            let rateLimit = Self.ratePerSecondLimit * Double(generators)
            guard rate > 0, rate <= rateLimit else {
                let accepted = "more than 0 and at most \(Int(rateLimit)) connections per second"
                throw ScenarioError(name: "rate", value: "\(rate)", accepted: accepted)
            }
        case .closed(let concurrency):
            try Self.check("concurrency", concurrency, in: shared(Self.concurrencyAccepted), text: String.init)
        }
    }

    private func validateTraffic() throws(ScenarioError) {
        try Self.check("streams", streams, in: Self.streamsAccepted, text: String.init)
        try Self.check("messages", messages, in: Self.messagesAccepted, text: String.init)
        try Self.check("message-bytes", messageBytes, in: Self.messageBytesAccepted, text: ByteCountText.format)
        try Self.check("bulk-bytes", bulkBytes, in: Self.bulkBytesAccepted, text: ByteCountText.format)
        for (name, every) in [("key-update-every", keyUpdateEvery), ("rebind-every", rebindEvery)] {
            if let every { try Self.check(name, every, in: Self.messagesAccepted, text: String.init) }
        }
        if expectsEcho, !["echo", "hq-interop", "h3"].contains(applicationProtocol) {
            let accepted = "hold, close or idle-herd with ALPN \(applicationProtocol), or message-bytes 0"
            throw ScenarioError(name: "mode", value: mode.rawValue, accepted: accepted)
        }
        if mode == .bulk, let bulk, !bulk.applicationProtocols.contains(applicationProtocol) {
            let accepted = "it with ALPN \(bulk.applicationProtocols.joined(separator: " or "))"
            throw ScenarioError(name: "bulk", value: bulk.rawValue, accepted: accepted)
        }
    }

    private func validateWindows() throws(ScenarioError) {
        let windows = [("stream-window", streamWindowBytes), ("connection-window", connectionWindowBytes)]
        for (name, bytes) in windows {
            try Self.check(name, bytes, in: Self.windowBytesAccepted, text: ByteCountText.format)
        }
        guard streamWindowBytes <= connectionWindowBytes else {
            let accepted = "at most the connection's window, \(ByteCountText.format(connectionWindowBytes))"
            let value = ByteCountText.format(streamWindowBytes)
            throw ScenarioError(name: "stream-window", value: value, accepted: accepted)
        }
        if let readBytesPerSecond {
            try Self.check("read-rate", readBytesPerSecond, in: Self.readRateAccepted, text: ByteCountText.format)
        }
    }

    private func validateTimes() throws(ScenarioError) {
        for (name, time) in [("hold", hold), ("ramp", ramp), ("think-time", thinkTime), ("settle", settle)] {
            try Self.check(name, time, in: Self.holdAccepted, text: DurationText.format)
        }
        let timeouts = [("dial-timeout", dialTimeout), ("echo-timeout", echoTimeout), ("idle-timeout", idleTimeout)]
        for (name, timeout) in timeouts {
            try Self.check(name, timeout, in: Self.timeoutAccepted, text: DurationText.format)
        }
        if let keepAlive {
            try Self.check("keep-alive", keepAlive, in: Self.timeoutAccepted, text: DurationText.format)
        }
    }

    private func validateNetwork() throws(ScenarioError) {
        try Self.check("workers", workers, in: shared(Self.workersAccepted), text: String.init)
        try Self.check("sockets", sockets, in: shared(Self.socketsAccepted), text: String.init)
        // Who moves to another socket needs another one, on the same thread.
        let least = max(rebindEvery == nil ? workers : workers * 2, localAddresses.count)
        guard sockets >= least else {
            let accepted = "\(least) or more with as many workers, local addresses and rebinds"
            throw ScenarioError(name: "sockets", value: "\(sockets)", accepted: accepted)
        }
        // RFC 7301 §3.1 allows 255 bytes; GnuTLS takes 31.
        guard (1...31).contains(applicationProtocol.utf8.count) else {
            throw ScenarioError(name: "alpn", value: "\"\(applicationProtocol)\"", accepted: "a name of 1 to 31 bytes")
        }
        // RFC 1035 §2.3.4: a domain name is at most 255 bytes long.
        guard (1...255).contains(serverName.utf8.count) else {
            throw ScenarioError(name: "server-name", value: "\"\(serverName)\"", accepted: "a name of 1 to 255 bytes")
        }
    }

    private func validateHerd() throws(ScenarioError) {
        guard let connections, duration == nil else {
            throw ScenarioError(name: "duration", value: "set", accepted: "connections with mode idle-herd")
        }
        guard case .open = pace else {
            throw ScenarioError(name: "concurrency", value: "set", accepted: "rate with mode idle-herd")
        }
        let least = (connections / generators + Self.stepsLimit - 1) / Self.stepsLimit
        guard step >= least else {
            let accepted = "\(least) or more for \(connections) connections"
            throw ScenarioError(name: "step", value: "\(step)", accepted: accepted)
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

extension LoadScenario {
    /// The scenario that several generators shared. What each connection does is the first one's, and so is the seed.
    ///
    /// - Precondition: There is at least one, and they agree on what each connection does and how they begin.
    init(merging parts: [LoadScenario]) {
        self = parts[0]
        let counts = parts.compactMap(\.connections)
        connections = counts.count == parts.count ? counts.reduce(0, +) : nil
        switch pace {
        case .open: pace = .open(ratePerSecond: parts.reduce(0) { $0 + ($1.pace.ratePerSecond ?? 0) })
        case .closed: pace = .closed(concurrency: parts.reduce(0) { $0 + ($1.pace.concurrency ?? 0) })
        }
        sockets = parts.reduce(0) { $0 + $1.sockets }
        workers = parts.reduce(0) { $0 + $1.workers }
        generators = parts.reduce(0) { $0 + $1.generators }
    }

    /// What has to be the same in scenarios of one run, as text.
    var identity: [(field: String, value: String)] {
        [
            ("loop", pace.concurrency == nil ? "open" : "closed"),
            ("mode", mode.rawValue),
            ("number of connections", connections == nil ? "without an end" : "with an end"),
            ("duration", duration.map(DurationText.format) ?? "unset"),
            ("ramp", DurationText.format(ramp)),
            ("streams", "\(streams)"),
            ("messages", "\(messages)"),
            ("message size", "\(payloadBytes) bytes"),
            ("think time", DurationText.format(thinkTime)),
            ("hold", DurationText.format(hold)),
            ("dial timeout", DurationText.format(dialTimeout)),
            ("echo timeout", DurationText.format(echoTimeout)),
            ("idle timeout", DurationText.format(idleTimeout)),
            ("keep-alive", keepAlive.map(DurationText.format) ?? "unset"),
            ("key updates", keyUpdateEvery.map { "every \($0) messages" } ?? "unset"),
            ("rebinds", rebindEvery.map { "every \($0) messages" } ?? "unset"),
            ("stream window", ByteCountText.format(streamWindowBytes)),
            ("connection window", ByteCountText.format(connectionWindowBytes)),
            ("read rate", readBytesPerSecond.map { "\(ByteCountText.format($0))/s" } ?? "unset"),
            ("resumption", resumes ? "on" : "off"),
            ("application protocol", applicationProtocol),
        ]
    }
}

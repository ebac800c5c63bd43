extension LoadScenario {
    /// The scenario that several generators shared. What each connection does is the first one's, and so is the seed.
    ///
    /// - Precondition: There is at least one, and they agree on what each connection does.
    init(merging parts: [LoadScenario]) {
        let first = parts[0]
        self.init(
            like: first,
            connections: parts.reduce(0) { $0 + $1.connections },
            ratePerSecond: parts.reduce(0) { $0 + $1.ratePerSecond },
            sockets: parts.reduce(0) { $0 + $1.sockets },
            generators: parts.reduce(0) { $0 + $1.generators }
        )
    }
}

extension LoadReport {
    /// The latencies of a run, each as percentiles.
    public typealias Latencies = ByLatency<LatencySummary>
    /// The latencies of a run, each counted by value.
    public typealias Histograms = ByLatency<LatencyHistogram>

    /// What the latencies of a run are called in the JSON.
    public static let latencyNames = Histograms(LoadResult()) { $0.histogram }.all.map(\.name)

    /// A figure for each latency of a run. What an open loop counts from the intended start includes what a stalled
    /// target made others wait; what is counted from the actual start does not.
    public struct ByLatency<Figure: Sendable & Equatable & Codable>: Sendable, Equatable, Codable {
        /// From a connection's intended start to its completed handshake.
        public let handshake: Figure
        /// From a connection's actual start to its completed handshake.
        public let handshakeFromStart: Figure
        /// From a connection's intended start to the end of its first answer.
        public let firstAnswer: Figure
        /// From a message's first byte sent to its last byte back.
        public let echo: Figure
        /// From a connection's intended start to its actual start, in an open loop.
        public let startDelay: Figure

        private enum CodingKeys: String, CodingKey {
            case handshake
            case handshakeFromStart = "handshake_from_start"
            case firstAnswer = "first_answer"
            case echo
            case startDelay = "start_delay"
        }

        /// Each latency with its name in the JSON.
        public var all: [(name: String, figure: Figure)] {
            [
                (CodingKeys.handshake.rawValue, handshake),
                (CodingKeys.handshakeFromStart.rawValue, handshakeFromStart),
                (CodingKeys.firstAnswer.rawValue, firstAnswer), (CodingKeys.echo.rawValue, echo),
                (CodingKeys.startDelay.rawValue, startDelay),
            ]
        }

        init(_ result: LoadResult, _ figure: (LatencyRecorder) -> Figure) {
            handshake = figure(result.handshake)
            handshakeFromStart = figure(result.handshakeFromStart)
            firstAnswer = figure(result.firstAnswer)
            echo = figure(result.echo)
            startDelay = figure(result.startDelay)
        }
    }
}

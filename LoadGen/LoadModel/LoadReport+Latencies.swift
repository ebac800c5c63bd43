extension LoadReport {
    /// The latencies of a run. What an open loop counts from the intended start includes what a stalled target made
    /// others wait; what is counted from the actual start does not.
    public struct Latencies: Sendable, Equatable, Codable {
        /// From a connection's intended start to its completed handshake.
        public let handshake: LatencySummary
        /// From a connection's actual start to its completed handshake.
        public let handshakeFromStart: LatencySummary
        /// From a connection's intended start to the end of its first answer.
        public let firstAnswer: LatencySummary
        /// From a message's first byte sent to its last byte back.
        public let echo: LatencySummary
        /// From a connection's intended start to its actual start, in an open loop.
        public let startDelay: LatencySummary

        private enum CodingKeys: String, CodingKey {
            case handshake
            case handshakeFromStart = "handshake_from_start"
            case firstAnswer = "first_answer"
            case echo
            case startDelay = "start_delay"
        }

        init(_ result: LoadResult) {
            handshake = result.handshake.summary
            handshakeFromStart = result.handshakeFromStart.summary
            firstAnswer = result.firstAnswer.summary
            echo = result.echo.summary
            startDelay = result.startDelay.summary
        }
    }

    /// Every latency of a run, counted by value: those of ``Latencies``.
    public struct Histograms: Sendable, Equatable, Codable {
        /// From a connection's intended start to its completed handshake.
        public let handshake: LatencyHistogram
        /// From a connection's actual start to its completed handshake.
        public let handshakeFromStart: LatencyHistogram
        /// From a connection's intended start to the end of its first answer.
        public let firstAnswer: LatencyHistogram
        /// From a message's first byte sent to its last byte back.
        public let echo: LatencyHistogram
        /// From a connection's intended start to its actual start, in an open loop.
        public let startDelay: LatencyHistogram

        private enum CodingKeys: String, CodingKey {
            case handshake
            case handshakeFromStart = "handshake_from_start"
            case firstAnswer = "first_answer"
            case echo
            case startDelay = "start_delay"
        }

        init(_ result: LoadResult) {
            handshake = result.handshake.histogram
            handshakeFromStart = result.handshakeFromStart.histogram
            firstAnswer = result.firstAnswer.histogram
            echo = result.echo.histogram
            startDelay = result.startDelay.histogram
        }
    }
}

internal import BoundedMemory
internal import QUICEndpoint
internal import QUICServer

extension StatisticsDocument {
    /// What connections hold, in all and by class.
    package struct Ledger: Hashable, Sendable, Codable {
        /// One line of the ledger.
        package struct Usage: Hashable, Sendable, Codable {
            /// Bytes held now.
            package var liveBytes: Int
            /// Blocks held now.
            package var liveBlocks: Int
            /// The most bytes held at once.
            package var peakBytes: Int

            private enum CodingKeys: String, CodingKey {
                case liveBytes = "live_bytes"
                case liveBlocks = "live_blocks"
                case peakBytes = "peak_bytes"
            }

            init(_ usage: MemoryUsage) {
                liveBytes = usage.liveBytes
                liveBlocks = usage.liveBlocks
                peakBytes = usage.peakBytes
            }
        }

        /// All classes together.
        package var total: Usage
        /// Bytes of the class `transport` that pools keep from closed streams.
        package var retainedBytes: Int
        /// Each class, by the name of its ``MemoryClass``.
        package var classes: [String: Usage]

        init(_ statistics: EndpointStatistics) {
            total = Usage(statistics.ledgerTotal)
            retainedBytes = statistics.retainedBytes
            classes = Self.named(statistics.ledger)
        }

        private enum CodingKeys: String, CodingKey {
            case total
            case retainedBytes = "retained_bytes"
            case classes
        }

        static func named(_ ledger: [MemoryClass: MemoryUsage]) -> [String: Usage] {
            Dictionary(
                uniqueKeysWithValues: MemoryClass.allCases.map { memoryClass in
                    (memoryClass.rawValue, Usage(ledger[memoryClass] ?? MemoryUsage()))
                }
            )
        }
    }
    /// One worker's part.
    package struct Worker: Hashable, Sendable, Codable {
        /// Connections handshaking or established.
        package var liveConnections: Int
        /// Whether it had no time left in the last second.
        package var isBusy: Bool
        /// What they hold in all.
        package var total: Ledger.Usage
        /// What they hold, by the name of its ``MemoryClass``.
        package var classes: [String: Ledger.Usage]

        private enum CodingKeys: String, CodingKey {
            case liveConnections = "live_connections"
            case isBusy = "busy"
            case total, classes
        }

        init(_ statistics: WorkerStatistics) {
            liveConnections = statistics.liveConnections
            isBusy = statistics.isBusy
            total = Ledger.Usage(statistics.ledgerTotal)
            classes = Ledger.named(statistics.ledger)
        }
    }
}

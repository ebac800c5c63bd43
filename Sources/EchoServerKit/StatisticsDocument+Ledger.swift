internal import BoundedMemory
internal import QUICEndpoint

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
        /// Each class, by the name of its ``MemoryClass``.
        package var classes: [String: Usage]

        init(_ statistics: EndpointStatistics) {
            total = Usage(statistics.ledgerTotal)
            classes = Dictionary(
                uniqueKeysWithValues: MemoryClass.allCases.map { memoryClass in
                    (memoryClass.rawValue, Usage(statistics.ledger[memoryClass] ?? MemoryUsage()))
                }
            )
        }
    }
}

internal import BoundedMemory
internal import QUICServer

extension StatisticsDocument {
    /// The memory that connections may hold together, and how much of it is given out.
    package struct Memory: Hashable, Sendable, Codable {
        /// Bytes that may be held.
        package var limitBytes: Int
        /// Floors of connections, what they borrowed, tables, and what workers have in reserve.
        package var takenBytes: Int
        /// The most bytes taken at once.
        package var peakTakenBytes: Int
        /// Bytes promised to clients as receive windows above the initial ones.
        package var committedBytes: Int
        /// How close it is to the limit: the name of a `MemoryPressure`.
        package var pressure: String

        private enum CodingKeys: String, CodingKey {
            case limitBytes = "limit_bytes"
            case takenBytes = "taken_bytes"
            case peakTakenBytes = "peak_taken_bytes"
            case committedBytes = "committed_bytes"
            case pressure
        }

        init(_ statistics: MemoryBudgetStatistics) {
            limitBytes = statistics.bytesLimit
            takenBytes = statistics.takenBytes
            peakTakenBytes = statistics.peakTakenBytes
            committedBytes = statistics.committedBytes
            pressure = statistics.pressure.label
        }
    }
}

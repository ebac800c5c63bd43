package import QUICServer

/// The answer to `GET /stats`: everything a server counts, its limits and its process, under the names that docs/operating.md promises.
package struct StatisticsDocument: Sendable, Encodable {
    private let statistics: ServerStatistics
    private let limits: Limits
    private let process: ProcessReading
    private let qlog: QlogDirectory.Counts?

    private enum CodingKeys: String, CodingKey {
        case limits, process, qlog
    }

    /// The document of these readings.
    ///
    /// - Parameter qlog: What the directory of `--qlog` holds; nil without one.
    package init(
        _ statistics: ServerStatistics,
        limits: Limits,
        process: ProcessReading,
        qlog: QlogDirectory.Counts? = nil
    ) {
        self.statistics = statistics
        self.limits = limits
        self.process = process
        self.qlog = qlog
    }

    /// Beside the values of the statistics themselves.
    package func encode(to encoder: any Encoder) throws {
        try statistics.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(limits, forKey: .limits)
        try values.encode(process, forKey: .process)
        try values.encodeIfPresent(qlog, forKey: .qlog)
    }
}

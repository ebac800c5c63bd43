/// One figure of a report that a threshold can be set for.
public struct Metric: Sendable {
    /// What the figure measures, and so how a value of it is written.
    public enum Dimension: Sendable, Equatable {
        /// A time, in microseconds: `50ms`.
        case duration
        /// An amount of memory: `32KiB`.
        case bytes
        /// A number of things: `0`.
        case count
        /// Something per second: `1000/s`.
        case rate
    }

    /// How the figure is called: `handshake.p99`.
    public let name: String
    /// What it measures.
    public let dimension: Dimension

    private let read: @Sendable (LoadReport) -> Double?

    init(_ name: String, _ dimension: Dimension, _ read: @escaping @Sendable (LoadReport) -> Double?) {
        self.name = name
        self.dimension = dimension
        self.read = read
    }

    /// The figure in `report`; nil when it was not measured.
    public func value(in report: LoadReport) -> Double? { read(report) }

    /// Whether the target has to be watched for it.
    public var isOfTarget: Bool { name.hasPrefix("target.") }

    /// Whether only the target's own statistics tell it.
    public var needsStatistics: Bool {
        ["target.ledger_bytes", "target.connections", "target.return_time"].contains(name)
    }

    /// The metric of this name; nil when there is none.
    public static func named(_ name: String) -> Metric? {
        all.first { $0.name == name }
    }
}

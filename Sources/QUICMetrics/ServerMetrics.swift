#if Metrics
public import Metrics
public import QUICServer
import Synchronization

/// The statistics of a server for swift-metrics: what it holds as meters, what happened as counters.
///
/// ```swift
/// let metrics = ServerMetrics()
/// await metrics.report(server, every: .seconds(10))      // until the task is cancelled
/// ```
///
/// Every metric is made at once, with dimensions of a fixed set: never an address, a name or an identifier of a client. Clients can make
/// no further ones.
///
/// Owns: about 80 metrics of the factory. Released by: the factory, at the end of the process. Bound: that number.
public final class ServerMetrics: Sendable {
    private let levels: Levels
    private let totals: Totals
    private let reported: Mutex<[Int]>

    /// The shortest time between two reports of ``report(_:every:)``: each asks every worker.
    public static let intervalMinimum = Duration.milliseconds(100)

    /// Makes the metrics, at 0.
    ///
    /// - Parameters:
    ///   - dimensions: Dimensions of all of them, such as the name of a server where a process has several.
    ///   - factory: Where they are made; default: that of `MetricsSystem`.
    public init(dimensions: [(String, String)] = [], factory: (any MetricsFactory)? = nil) {
        let maker = MetricMaker(dimensions: dimensions, factory: factory ?? MetricsSystem.factory)
        levels = Levels(maker)
        totals = Totals(maker)
        reported = Mutex([Int](repeating: 0, count: totals.readings.count))
    }

    /// Sets the meters to what `statistics` says, and adds what has happened since the report before to the counters.
    ///
    /// A total that is lower than the one before is another server's, and counts as a whole.
    public func report(_ statistics: ServerStatistics) {
        reported.withLock { reported in
            for level in levels.readings { level.meter.set(level.value(statistics)) }
            for (index, total) in totals.readings.enumerated() {
                let value = total.value(statistics)
                let increase = value < reported[index] ? value : value - reported[index]
                if increase > 0 { total.counter.increment(by: increase) }
                reported[index] = value
            }
        }
    }

    /// Reports the statistics of `server` now, after each `interval`, and once more when the task is cancelled.
    ///
    /// Returns then, or when a worker has failed. After a shutdown it goes on reporting the server's last statistics.
    ///
    /// - Parameter interval: At least ``intervalMinimum``; less counts as that.
    public func report(_ server: Server, every interval: Duration = .seconds(10)) async {
        repeat {
            guard let statistics = try? await server.statistics() else { return }
            report(statistics)
            if Task.isCancelled { return }
            try? await Task.sleep(for: max(interval, Self.intervalMinimum))
        } while true
    }
}
#else
#error("QUICMetrics needs a trait where this package is named: .package(…, traits: [\"Metrics\"])")
#endif

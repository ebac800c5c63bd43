#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The distribution of latencies: how long the fastest share of them took, with room for the slowest few.
struct LatencyFigure: Sendable {
    /// One kind of latency.
    struct Series: Sendable {
        let name: String
        let style: String
        let histogram: LatencyHistogram
    }

    private static let percentiles: [(percent: Double, label: String)] = [
        (0, "0 %"), (50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"),
        (99.999, "99.999 %"),
    ]
    /// How many points a line has.
    private static let steps = 300
    /// From which ratio of the longest to the shortest a logarithmic axis shows more.
    private static let logarithmicRatio = 20.0

    private let series: [Series]
    private let most: UInt64

    /// The distribution of those of `series` that have latencies; nil when none has.
    init?(_ series: [Series]) {
        self.series = series.filter { $0.histogram.count > 0 }
        guard let most = self.series.map(\.histogram.count).max() else { return nil }
        self.most = most
    }

    /// The figure.
    var figure: PlotFigure {
        let panel = PlotPanel(horizontal: shares, vertical: latencies)
        let lines = series.map { series in panel.line(points(of: series.histogram), series.style) }
        return PlotFigure(
            name: "latency",
            title: "Latency distribution",
            description: series.map(Self.sentence).joined(separator: " "),
            legend: series.map { .init(style: $0.style, label: $0.name) },
            height: 272,
            drawing: panel.grid(title: nil, showsHorizontalLabels: true) + lines,
            table: table
        )
    }

    private static func sentence(_ series: Series) -> String {
        let values = [50, 99].map { AxisUnit.latency.cell(series.histogram.value(atPercentile: $0)) }
        return "Of \(series.name) latencies, half are within \(values[0]) and 99 % within \(values[1])."
    }

    /// How many nines the slowest of so many latencies is the one of: the share that is slower, as a power of ten.
    private static func nines(percent: Double) -> Double { -log10(1 - percent / 100) }

    private var ninesLimit: Double { max(2, min(log10(Double(most)), 5)) }

    private var shares: Axis {
        let shown = Self.percentiles.map { Axis.Tick(value: Self.nines(percent: $0.percent), label: $0.label) }
        return Axis(
            ticks: shown.filter { $0.value <= ninesLimit + 1e-9 },
            domain: 0...ninesLimit,
            places: PlotPanel.horizontal
        )
    }

    private var latencies: Axis {
        let least = Double(max(1, series.map(\.histogram.minimum).min() ?? 1))
        let most = Double(max(1, series.map(\.histogram.maximum).max() ?? 1))
        let places = (start: 242.0, end: 12.0)
        return most / least > Self.logarithmicRatio
            ? Axis(logarithmic: .latency, from: least, to: most, places: places)
            : Axis(.latency, to: most, places: places)
    }

    private func points(of histogram: LatencyHistogram) -> [(x: Double, y: Double)] {
        let own = max(1, min(ninesLimit, log10(Double(histogram.count))))
        return (0...Self.steps).map { step in
            let nines = own * Double(step) / Double(Self.steps)
            let percent = step == Self.steps && own < ninesLimit ? 100 : (1 - pow(10, -nines)) * 100
            return (nines, histogram.value(atPercentile: percent))
        }
    }

    private static func label(_ percent: Double) -> String {
        percentiles.first { $0.percent == percent }?.label ?? "100 %"
    }

    private var table: DataTable {
        let percents = Self.percentiles.map(\.percent) + [100]
        let rows = percents.map { percent in
            let cells = series.map { AxisUnit.latency.cell($0.histogram.value(atPercentile: percent)) }
            let place = percent == 100 ? PlotPanel.horizontal.end : shares.place(Self.nines(percent: percent))
            return DataTable.Row(place: place, cells: [Self.label(percent)] + cells)
        }
        return DataTable(header: ["share"] + series.map(\.name), rows: rows)
    }
}

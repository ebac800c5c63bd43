import Histogram

extension LatencyRecorder {
    /// The distribution in the text form of HdrHistogram's tools (`.hgrm`), in milliseconds: value, percentile, count,
    /// and 1 ÷ (1 − percentile). Plotters of HdrHistogram files read it.
    public var hgrm: String {
        var text = ""
        recorded.outputPercentileDistribution(to: &text, outputValueUnitScalingRatio: 1_000)
        return text
    }
}

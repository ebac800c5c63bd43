import TextValues

extension GeneratorUsage {
    /// What warnings are about.
    public static let warningTitle = "the generator may have been the bottleneck"

    /// From this share of a core on a worker is said to be at its limit.
    static let workerShareLimit = 0.9
    /// From one late start in so many on they are worth a warning.
    static let startsPerLateStart = 100

    /// Why the generator, not the target, may have been what limited the run; empty when nothing speaks for it.
    ///
    /// - Parameter starts: How many connections began.
    public func warnings(starts: Int) -> [String] {
        var warnings: [String] = []
        if lateStarts > 0, lateStarts * Self.startsPerLateStart >= starts {
            let limit = DurationText.format(Self.lateStartLimit)
            warnings.append("\(lateStarts) of \(starts) connections began more than \(limit) late")
        }
        if busiestWorkerShare >= Self.workerShareLimit {
            let share = DecimalText.format(busiestWorkerShare * 100, places: 0)
            warnings.append("a worker used \(share) % of a core: --workers spreads the run over more")
        }
        if receiveOverflows > 0 {
            warnings.append("\(receiveOverflows) datagrams were dropped because a receive queue was full")
        }
        if sendOverflows > 0 {
            warnings.append("\(sendOverflows) datagrams were dropped because a send queue was full")
        }
        return warnings
    }
}

extension LoadReport {
    /// The most memory the target was seen to have resident, in bytes; nil when that was not read.
    public var targetPeakResidentBytes: Int? {
        let peaks = [memory?.peak?.residentOrGroupBytes, server?.peak?.process.residentBytes]
        return ((timeline?.samples ?? []).map(\.residentBytes) + peaks).compactMap(\.self).max()
    }

    /// By how much the target's RSS had grown for each connection when it had the most; nil when that was not read.
    ///
    /// Of a herd from its largest step, which had settled. Otherwise from the timeline where there is one: at the last moment with the most live connections, against the first
    /// moment. Otherwise from the peaks of both, which need not have been at one moment.
    public var targetBytesPerConnection: Double? {
        if let step = steps.max(by: { $0.open < $1.open }), step.open > 0, let full = step.target?.residentBytes,
            let before = targetBefore?.residentBytes
        {
            return Double(full - before) / Double(step.open)
        }
        let read = timeline?.samples.filter { $0.residentBytes != nil } ?? []
        let most = read.map(\.live).max() ?? 0
        if most > 0, let first = read.first?.residentBytes,
            let last = read.last(where: { $0.live == most })?.residentBytes
        {
            return Double(last - (targetBefore?.residentBytes ?? first)) / Double(most)
        }
        guard let before = server?.before, let peak = server?.peak, peak.connections.live > 0 else { return nil }
        return Double(peak.process.residentBytes - before.process.residentBytes) / Double(peak.connections.live)
    }

    /// The target before the first connection; nil when it was not read.
    var targetBefore: TargetReading? {
        guard server?.before != nil || memory?.before != nil else { return nil }
        var reading = server?.before.map(TargetReading.init) ?? TargetReading()
        if let memory = memory?.before { reading.add(memory) }
        return reading
    }

    /// By how much the target's RSS after the run exceeds what it was before; nil when that was not read.
    public var targetResidentGrowthBytes: Int? {
        guard let before = targetBefore?.residentBytes,
            let after = memory.map({ $0.after?.residentOrGroupBytes }) ?? server?.after?.process.residentBytes
        else { return nil }
        return after - before
    }
}

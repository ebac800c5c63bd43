extension LoadReport {
    /// The most memory the target was seen to have resident, in bytes; nil when that was not read.
    public var targetPeakResidentBytes: Int? {
        let seen = (timeline?.samples ?? []).map(\.residentBytes) + [server?.peak?.process.residentBytes]
        return seen.compactMap(\.self).max()
    }

    /// By how much the target's RSS had grown for each connection when it had the most; nil when that was not read.
    ///
    /// From the timeline where there is one: at the last moment with the most live connections, against the first
    /// moment. Otherwise from the peaks of both, which need not have been at one moment.
    public var targetBytesPerConnection: Double? {
        let read = timeline?.samples.filter { $0.residentBytes != nil } ?? []
        let most = read.map(\.live).max() ?? 0
        if most > 0, let first = read.first?.residentBytes,
            let last = read.last(where: { $0.live == most })?.residentBytes
        {
            return Double(last - (server?.before?.process.residentBytes ?? first)) / Double(most)
        }
        guard let before = server?.before, let peak = server?.peak, peak.connections.live > 0 else { return nil }
        return Double(peak.process.residentBytes - before.process.residentBytes) / Double(peak.connections.live)
    }
}

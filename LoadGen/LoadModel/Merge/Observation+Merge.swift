extension Observation {
    /// What several generators saw of one target; nil when none looked.
    init?(merging parts: [Observation?], _ order: MergeOrder) {
        let known = parts.compactMap(\.self)
        guard let any = known.first, let latest = known.last else { return nil }
        let first = parts[order.first] ?? any
        let last = parts[order.last] ?? latest
        self.init()
        before = first.before
        after = last.after
        peak = known.compactMap(\.peak).reduce(nil as Reading?) { highest, peak in
            var highest = highest ?? peak
            highest.formMaximum(with: peak)
            return highest
        }
        sampleCount = known.reduce(0) { $0 + $1.sampleCount }
        failureCount = known.reduce(0) { $0 + $1.failureCount }
        lastFailure = last.lastFailure ?? known.compactMap(\.lastFailure).last
        returnSeconds = last.returnSeconds
    }
}

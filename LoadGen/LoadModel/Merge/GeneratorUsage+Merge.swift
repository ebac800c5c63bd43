extension GeneratorUsage {
    /// What a run cost several generators together; peaks and shares are those of the most loaded of them.
    init(merging parts: [GeneratorUsage]) {
        func sum(_ count: KeyPath<GeneratorUsage, Int>) -> Int { parts.reduce(0) { $0 + $1[keyPath: count] } }
        self.init(
            cpuSeconds: parts.reduce(0) { $0 + $1.cpuSeconds },
            peakResidentBytes: parts.map(\.peakResidentBytes).max() ?? 0,
            heldBytes: sum(\.heldBytes),
            liveConnections: sum(\.liveConnections)
        )
        busiestWorkerShare = parts.map(\.busiestWorkerShare).max() ?? 0
        lateStarts = sum(\.lateStarts)
        receiveOverflows = sum(\.receiveOverflows)
        sendOverflows = sum(\.sendOverflows)
        sendErrors = sum(\.sendErrors)
        liveEntries = sum(\.liveEntries)
        // What one kept must not be hidden by what another gave back.
        heapGrowthBytes = parts.map(\.heapGrowthBytes).max() ?? 0
        descriptors = Change(merging: parts.map(\.descriptors))
        threads = Change(merging: parts.map(\.threads))
    }
}

extension GeneratorUsage.Change {
    /// The counts of several generators together; nil unless all were counted.
    fileprivate init?(merging parts: [GeneratorUsage.Change?]) {
        let known = parts.compactMap(\.self)
        guard known.count == parts.count, !known.isEmpty else { return nil }
        self.init(
            before: known.reduce(0) { $0 + $1.before },
            after: known.reduce(0) { $0 + $1.after }
        )
    }
}

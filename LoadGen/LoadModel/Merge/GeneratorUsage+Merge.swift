extension GeneratorUsage {
    /// What a run cost several generators together; the peak is that of the largest of them.
    init(merging parts: [GeneratorUsage]) {
        self.init(
            cpuSeconds: parts.reduce(0) { $0 + $1.cpuSeconds },
            peakResidentBytes: parts.map(\.peakResidentBytes).max() ?? 0,
            heldBytes: parts.reduce(0) { $0 + $1.heldBytes },
            liveConnections: parts.reduce(0) { $0 + $1.liveConnections }
        )
    }
}

extension MemoryReading {
    /// Adds the pages of the server's process.
    public mutating func add(_ rollup: SmapsRollup) {
        residentBytes = rollup.residentBytes
        proportionalBytes = rollup.proportionalBytes
        privateDirtyBytes = rollup.privateDirtyBytes
    }

    /// Adds what the kernel says of the server's process; its RSS only where ``SmapsRollup`` has not said it.
    public mutating func add(_ status: ProcessStatus) {
        residentBytes = residentBytes ?? status.residentBytes
        threads = status.threads
    }

    /// Adds the memory of the server's control group that no file backs.
    public mutating func add(_ group: ControlGroupMemory) {
        controlGroupBytes = group.anonymousBytes
    }
}

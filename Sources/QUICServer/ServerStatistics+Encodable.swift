import BoundedMemory
import QUICEndpoint

/// The layout of `GET /stats`, which docs/operating.md promises.
extension ServerStatistics: Encodable {
    private enum CodingKeys: String, CodingKey {
        case sockets, workers, handOver, work, eventLog, memory, heapTrims, earlyData
    }

    private enum EarlyDataKeys: String, CodingKey {
        case offered, accepted, rejected, heldBack, replayed, refusedFull, refusedClock, storeEntries, storeBytes
    }

    /// Beside the values of ``endpoint``.
    public func encode(to encoder: any Encoder) throws {
        try endpoint.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(sockets, forKey: .sockets)
        try values.encode(workers, forKey: .workers)
        try values.encode(handOver, forKey: .handOver)
        try values.encode(work, forKey: .work)
        try values.encode(eventLog, forKey: .eventLog)
        try values.encode(memory, forKey: .memory)
        try values.encode(heapTrims, forKey: .heapTrims)
        try encodeEarlyData(to: values.nestedContainer(keyedBy: EarlyDataKeys.self, forKey: .earlyData))
    }

    /// The counts of connections, and those of the store that all workers share.
    private func encodeEarlyData(to container: consuming KeyedEncodingContainer<EarlyDataKeys>) throws {
        try container.encode(endpoint.earlyData.offered, forKey: .offered)
        try container.encode(endpoint.earlyData.accepted, forKey: .accepted)
        try container.encode(endpoint.earlyData.rejected, forKey: .rejected)
        try container.encode(endpoint.earlyData.heldBack, forKey: .heldBack)
        try container.encode(replayStore.replayed, forKey: .replayed)
        try container.encode(replayStore.refusedFull, forKey: .refusedFull)
        try container.encode(replayStore.refusedClock, forKey: .refusedClock)
        try container.encode(replayStore.entries, forKey: .storeEntries)
        try container.encode(replayStore.bytes, forKey: .storeBytes)
    }
}

extension WorkerStatistics: Encodable {
    private enum CodingKeys: String, CodingKey {
        case liveConnections, busy, total, classes
    }

    /// Encodes the ledger by class.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(liveConnections, forKey: .liveConnections)
        try values.encode(isBusy, forKey: .busy)
        try values.encode(ledgerTotal, forKey: .total)
        try values.encode(ledger.filled(), forKey: .classes)
    }
}

extension MemoryBudgetStatistics: Encodable {
    private enum CodingKeys: String, CodingKey {
        case limitBytes, takenBytes, peakTakenBytes, committedBytes, pressure
    }

    /// Encodes the pressure by its label.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(bytesLimit, forKey: .limitBytes)
        try values.encode(takenBytes, forKey: .takenBytes)
        try values.encode(peakTakenBytes, forKey: .peakTakenBytes)
        try values.encode(committedBytes, forKey: .committedBytes)
        try values.encode(pressure.label, forKey: .pressure)
    }
}

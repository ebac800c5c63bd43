package import BoundedMemory
import QUICTransport

/// The layout of `GET /stats`, which docs/operating.md promises.
///
/// With the key strategy `convertToSnakeCase` the keys are the guide's. Each reason, cause and class is there, with 0 where
/// nothing was counted, so that a series of readings has no gaps.
extension EndpointStatistics: Encodable {
    private enum CodingKeys: String, CodingKey {
        case connections, closedByCause, budgetExceeded, sources, deadlines, handshakes, handshakesInFlight
        case closingRecords
        // An encoder would make `connection_i_ds` of the usual spelling.
        case connectionIds
        case ledger, tableBytes, datagrams, datagramFrames, drops, admissions, retries, addressTokens
        case versionNegotiations, statelessResets, ecn, isDraining
    }

    private enum LedgerKeys: String, CodingKey {
        case total, retainedBytes, classes
    }

    private enum DatagramKeys: String, CodingKey {
        case received, receivedBytes, sent, sentBytes
    }

    /// In the order of the values of the two bits. RFC 3168 §5.
    private enum ECNKeys: String, CodingKey, CaseIterable {
        case notEct, ect1, ect0, ce
    }

    /// Encodes each count, and the ledger by class.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(connections, forKey: .connections)
        try values.encode(connections.closedByCause.filled(with: CloseCause.labels), forKey: .closedByCause)
        try values.encode(connections.budgetExceeded.filled(), forKey: .budgetExceeded)
        try values.encode(connectionIDs, forKey: .connectionIds)
        try values.encode(sources, forKey: .sources)
        try values.encode(deadlines, forKey: .deadlines)
        try values.encode(handshakes, forKey: .handshakes)
        try values.encode(connections.handshaking, forKey: .handshakesInFlight)
        try values.encode(connections.closing + connections.draining, forKey: .closingRecords)
        try values.encode(tableBytes, forKey: .tableBytes)
        try values.encode(datagramFrames, forKey: .datagramFrames)
        try values.encode(drops.filled(), forKey: .drops)
        try values.encode(isDraining, forKey: .isDraining)
        try values.encode(admissions.filled(with: AdmissionDecision.labels), forKey: .admissions)
        try values.encode(retries, forKey: .retries)
        try values.encode(addressTokens, forKey: .addressTokens)
        try values.encode(versionNegotiations, forKey: .versionNegotiations)
        try values.encode(statelessResets, forKey: .statelessResets)
        try encodeLedger(to: values.nestedContainer(keyedBy: LedgerKeys.self, forKey: .ledger))
        try encodeDatagrams(to: values.nestedContainer(keyedBy: DatagramKeys.self, forKey: .datagrams))
        var marks = values.nestedContainer(keyedBy: ECNKeys.self, forKey: .ecn)
        for (key, count) in zip(ECNKeys.allCases, ecnMarks) { try marks.encode(count, forKey: key) }
    }

    private func encodeLedger(to container: consuming KeyedEncodingContainer<LedgerKeys>) throws {
        try container.encode(ledgerTotal, forKey: .total)
        try container.encode(retainedBytes, forKey: .retainedBytes)
        try container.encode(ledger.filled(), forKey: .classes)
    }

    private func encodeDatagrams(to container: consuming KeyedEncodingContainer<DatagramKeys>) throws {
        try container.encode(received.datagrams, forKey: .received)
        try container.encode(received.bytes, forKey: .receivedBytes)
        try container.encode(transmitted.datagrams, forKey: .sent)
        try container.encode(transmitted.bytes, forKey: .sentBytes)
    }
}

extension ConnectionCounts: Encodable {
    private enum CodingKeys: String, CodingKey {
        case created, closed, live, handshaking, established, closing, draining, handshakesCompleted
    }

    /// Those by cause and by limit stand beside them, in ``EndpointStatistics``.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(created, forKey: .created)
        try values.encode(closed, forKey: .closed)
        try values.encode(live, forKey: .live)
        try values.encode(handshaking, forKey: .handshaking)
        try values.encode(established, forKey: .established)
        try values.encode(closing, forKey: .closing)
        try values.encode(draining, forKey: .draining)
        try values.encode(handshakesCompleted, forKey: .handshakesCompleted)
    }
}

extension Dictionary where Key: CaseIterable & RawRepresentable<String>, Value: Encodable {
    /// These values under the names of their keys, and nothing's for each key that has none.
    package func filled(with none: Value) -> [String: Value] {
        .init(uniqueKeysWithValues: Key.allCases.map { ($0.rawValue, self[$0] ?? none) })
    }
}

extension Dictionary where Key: CaseIterable & RawRepresentable<String>, Value == Int {
    fileprivate func filled() -> [String: Int] { filled(with: 0) }
}

extension [MemoryClass: MemoryUsage] {
    /// Each class by its name, with nothing held where there is no reading.
    package func filled() -> [String: MemoryUsage] { filled(with: MemoryUsage()) }
}

extension [String: Int] {
    /// These counts, and 0 for each of `labels` that has none.
    fileprivate func filled(with labels: [String]) -> Self {
        labels.reduce(into: self) { counts, label in counts[label, default: 0] += 0 }
    }
}

extension OutcomeCounts: Codable {
    private enum CodingKeys: String, CodingKey {
        case scheduled
        case answered
        case established
        case used
        case echoed
        case abandoned
        case closed
        case completed
        case failed
        case byOutcome = "by_outcome"
    }

    /// Reads counts; what follows from the others (`completed`, `failed`) is not read but computed.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        scheduled = try values.decode(Int.self, forKey: .scheduled)
        answered = try values.decodeIfPresent(Int.self, forKey: .answered)
        established = try values.decode(Int.self, forKey: .established)
        used = try values.decode(Int.self, forKey: .used)
        echoed = try values.decode(Int.self, forKey: .echoed)
        abandoned = try values.decode(Int.self, forKey: .abandoned)
        closed = try values.decode(Int.self, forKey: .closed)
        for (label, count) in try values.decode([String: Int].self, forKey: .byOutcome) {
            guard let outcome = ConnectionOutcome(label: label) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .byOutcome,
                    in: values,
                    debugDescription: "\(label) is not an outcome"
                )
            }
            record(outcome, count: count)
        }
    }

    /// Writes the counts, every outcome with its label, those that did not happen as 0.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(scheduled, forKey: .scheduled)
        try values.encodeIfPresent(answered, forKey: .answered)
        try values.encode(established, forKey: .established)
        try values.encode(used, forKey: .used)
        try values.encode(echoed, forKey: .echoed)
        try values.encode(abandoned, forKey: .abandoned)
        try values.encode(closed, forKey: .closed)
        try values.encode(completed, forKey: .completed)
        try values.encode(failed, forKey: .failed)
        var byOutcome = Dictionary(
            uniqueKeysWithValues: ConnectionOutcome.withoutAlerts.map { ($0.label, count(of: $0)) }
        )
        for (outcome, count) in failures { byOutcome[outcome.label] = count }
        try values.encode(byOutcome, forKey: .byOutcome)
    }
}

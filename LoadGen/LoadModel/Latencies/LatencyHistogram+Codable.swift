extension LatencyHistogram: Codable {
    private enum CodingKeys: String, CodingKey {
        case version
        case unit
        case significantDigits = "significant_digits"
        case minimum = "min"
        case maximum = "max"
        case total
        case clampedCount = "clamped_count"
        case buckets = "counts"
    }

    /// Reads a histogram of the current version that a recorder could have written.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func refuse(_ key: CodingKeys, _ reason: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: values, debugDescription: reason)
        }
        let version = try values.decode(Int.self, forKey: .version)
        guard version == Self.currentVersion else {
            throw refuse(.version, "version \(version) of a histogram, \(Self.currentVersion) is understood")
        }
        guard try values.decode(String.self, forKey: .unit) == Self.unit else {
            throw refuse(.unit, "not microseconds")
        }
        guard try values.decode(Int.self, forKey: .significantDigits) == Self.significantDigits else {
            throw refuse(.significantDigits, "not \(Self.significantDigits) digits")
        }
        minimum = try values.decode(UInt64.self, forKey: .minimum)
        maximum = try values.decode(UInt64.self, forKey: .maximum)
        total = try values.decode(UInt64.self, forKey: .total)
        clampedCount = try values.decode(Int.self, forKey: .clampedCount)
        buckets = try values.decode([Bucket].self, forKey: .buckets)
        if let contradiction { throw refuse(.buckets, contradiction) }
    }

    /// Writes the histogram.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.currentVersion, forKey: .version)
        try values.encode(Self.unit, forKey: .unit)
        try values.encode(Self.significantDigits, forKey: .significantDigits)
        try values.encode(minimum, forKey: .minimum)
        try values.encode(maximum, forKey: .maximum)
        try values.encode(total, forKey: .total)
        try values.encode(clampedCount, forKey: .clampedCount)
        try values.encode(buckets, forKey: .buckets)
    }
}

extension LatencyHistogram.Bucket: Codable {
    /// Reads a pair: value, count.
    public init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        value = try pair.decode(UInt64.self)
        count = try pair.decode(UInt64.self)
    }

    /// Writes a pair: value, count.
    public func encode(to encoder: any Encoder) throws {
        var pair = encoder.unkeyedContainer()
        try pair.encode(value)
        try pair.encode(count)
    }
}

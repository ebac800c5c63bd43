/// Whether a server's memory comes back after connections.
public enum LeakVerdict: Sendable, Equatable {
    /// Memory comes back, to within the tolerance.
    case returns
    /// So many bytes stay for each connection, with their 95 % confidence interval.
    case leaks(bytesPerConnection: Double, interval: ClosedRange<Double>)
    /// The readings do not tell, and why.
    case inconclusive(reason: String)

    /// What a command that asked for this verdict exits with: 0 when memory returns, 1 when it leaks, 2 otherwise.
    public var exitCode: Int32 {
        switch self {
        case .returns: 0
        case .leaks: 1
        case .inconclusive: 2
        }
    }

    /// The verdict in one word, as in JSON.
    public var label: String {
        switch self {
        case .returns: "returns"
        case .leaks: "leaks"
        case .inconclusive: "inconclusive"
        }
    }
}

extension LeakVerdict: Codable {
    private enum CodingKeys: String, CodingKey {
        case label = "verdict"
        case bytesPerConnection = "bytes_per_connection"
        case interval
        case reason
    }

    /// Reads a verdict.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let label = try values.decode(String.self, forKey: .label)
        switch label {
        case "returns":
            self = .returns
        case "leaks":
            self = .leaks(
                bytesPerConnection: try values.decode(Double.self, forKey: .bytesPerConnection),
                interval: try values.decode(ClosedRange<Double>.self, forKey: .interval)
            )
        case "inconclusive":
            self = .inconclusive(reason: try values.decode(String.self, forKey: .reason))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .label,
                in: values,
                debugDescription: "\(label) is not a verdict"
            )
        }
    }

    /// Writes the verdict.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(label, forKey: .label)
        switch self {
        case .returns: break
        case .leaks(let bytesPerConnection, let interval):
            try values.encode(bytesPerConnection, forKey: .bytesPerConnection)
            try values.encode(interval, forKey: .interval)
        case .inconclusive(let reason):
            try values.encode(reason, forKey: .reason)
        }
    }
}

import TextValues

extension LoadScenario: Codable {
    private enum CodingKeys: String, CodingKey {
        case connections
        case ratePerSecond = "rate_per_second"
        case mode
        case messageBytes = "message_bytes"
        case hold = "hold_seconds"
        case dialTimeout = "dial_timeout_seconds"
        case echoTimeout = "echo_timeout_seconds"
        case sockets
        case applicationProtocol = "application_protocol"
        case seed
        case generators
    }

    /// Reads a scenario; its values are validated as if they came from the command line.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func duration(_ key: CodingKeys) throws -> Duration {
            Duration(fractionalSeconds: try values.decode(Double.self, forKey: key))
        }
        do {
            try self.init(
                validatingConnections: values.decode(Int.self, forKey: .connections),
                ratePerSecond: values.decode(Double.self, forKey: .ratePerSecond),
                mode: values.decode(LoadMode.self, forKey: .mode),
                messageBytes: values.decode(Int.self, forKey: .messageBytes),
                hold: duration(.hold),
                dialTimeout: duration(.dialTimeout),
                echoTimeout: duration(.echoTimeout),
                sockets: values.decode(Int.self, forKey: .sockets),
                applicationProtocol: values.decode(String.self, forKey: .applicationProtocol),
                seed: values.decode(UInt64.self, forKey: .seed),
                generators: values.decodeIfPresent(Int.self, forKey: .generators) ?? 1
            )
        } catch let error as ScenarioError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description)
            )
        }
    }

    /// Writes the scenario, durations as seconds.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(connections, forKey: .connections)
        try values.encode(ratePerSecond, forKey: .ratePerSecond)
        try values.encode(mode, forKey: .mode)
        try values.encode(messageBytes, forKey: .messageBytes)
        try values.encode(hold.fractionalSeconds, forKey: .hold)
        try values.encode(dialTimeout.fractionalSeconds, forKey: .dialTimeout)
        try values.encode(echoTimeout.fractionalSeconds, forKey: .echoTimeout)
        try values.encode(sockets, forKey: .sockets)
        try values.encode(applicationProtocol, forKey: .applicationProtocol)
        try values.encode(seed, forKey: .seed)
        try values.encode(generators, forKey: .generators)
    }
}

import TextValues

extension LoadScenario: Codable {
    private enum CodingKeys: String, CodingKey {
        case ratePerSecond = "rate_per_second"
        case concurrency
        case connections
        case duration = "duration_seconds"
        case ramp = "ramp_seconds"
        case mode
        case streams
        case messages
        case messageBytes = "message_bytes"
        case usesFreshStreams = "fresh_streams"
        case thinkTime = "think_time_seconds"
        case bulk
        case bulkBytes = "bulk_bytes"
        case hold = "hold_seconds"
        case step
        case settle = "settle_seconds"
        case dialTimeout = "dial_timeout_seconds"
        case echoTimeout = "echo_timeout_seconds"
        case idleTimeout = "idle_timeout_seconds"
        case keepAlive = "keep_alive_seconds"
        case keyUpdateEvery = "key_update_every"
        case rebindEvery = "rebind_every"
        case streamWindowBytes = "stream_window_bytes"
        case connectionWindowBytes = "connection_window_bytes"
        case readBytesPerSecond = "read_bytes_per_second"
        case resumes = "resumption"
        case sockets
        case localAddresses = "local_addresses"
        case workers
        case applicationProtocol = "application_protocol"
        case serverName = "server_name"
        case certificateAuthorities = "certificate_authorities"
        case seed
        case generators
    }

    /// Reads a scenario; its values are validated as if they came from the command line.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(mode: try values.decode(LoadMode.self, forKey: .mode), pace: try Self.pace(in: values))
        try decodeTraffic(values)
        try decodeWindows(values)
        try decodeTimes(values)
        try decodeNetwork(values)
        do {
            try validate()
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description)
            )
        }
    }

    private static func pace(in values: KeyedDecodingContainer<CodingKeys>) throws -> LoadPace {
        if let rate = try values.decodeIfPresent(Double.self, forKey: .ratePerSecond) {
            return .open(ratePerSecond: rate)
        }
        return .closed(concurrency: try values.decode(Int.self, forKey: .concurrency))
    }

    private mutating func decodeTraffic(_ values: KeyedDecodingContainer<CodingKeys>) throws {
        connections = try values.decodeIfPresent(Int.self, forKey: .connections)
        streams = try values.decode(Int.self, forKey: .streams)
        messages = try values.decode(Int.self, forKey: .messages)
        messageBytes = try values.decode(Int.self, forKey: .messageBytes)
        usesFreshStreams = try values.decode(Bool.self, forKey: .usesFreshStreams)
        bulk = try values.decodeIfPresent(BulkDirection.self, forKey: .bulk)
        bulkBytes = try values.decode(Int.self, forKey: .bulkBytes)
        step = try values.decode(Int.self, forKey: .step)
        keyUpdateEvery = try values.decodeIfPresent(Int.self, forKey: .keyUpdateEvery)
        rebindEvery = try values.decodeIfPresent(Int.self, forKey: .rebindEvery)
        resumes = try values.decode(Bool.self, forKey: .resumes)
    }

    /// Reports of older generators have none of these.
    private mutating func decodeWindows(_ values: KeyedDecodingContainer<CodingKeys>) throws {
        if let bytes = try values.decodeIfPresent(Int.self, forKey: .streamWindowBytes) { streamWindowBytes = bytes }
        if let bytes = try values.decodeIfPresent(Int.self, forKey: .connectionWindowBytes) {
            connectionWindowBytes = bytes
        }
        readBytesPerSecond = try values.decodeIfPresent(Int.self, forKey: .readBytesPerSecond)
    }

    private mutating func decodeTimes(_ values: KeyedDecodingContainer<CodingKeys>) throws {
        func time(_ key: CodingKeys) throws -> Duration {
            Duration(fractionalSeconds: try values.decode(Double.self, forKey: key))
        }
        func timeIfPresent(_ key: CodingKeys) throws -> Duration? {
            try values.decodeIfPresent(Double.self, forKey: key).map(Duration.init(fractionalSeconds:))
        }
        duration = try timeIfPresent(.duration)
        ramp = try time(.ramp)
        thinkTime = try time(.thinkTime)
        hold = try time(.hold)
        settle = try time(.settle)
        dialTimeout = try time(.dialTimeout)
        echoTimeout = try time(.echoTimeout)
        idleTimeout = try time(.idleTimeout)
        keepAlive = try timeIfPresent(.keepAlive)
    }

    private mutating func decodeNetwork(_ values: KeyedDecodingContainer<CodingKeys>) throws {
        sockets = try values.decode(Int.self, forKey: .sockets)
        localAddresses = try values.decode([String].self, forKey: .localAddresses)
        workers = try values.decode(Int.self, forKey: .workers)
        applicationProtocol = try values.decode(String.self, forKey: .applicationProtocol)
        serverName = try values.decode(String.self, forKey: .serverName)
        certificateAuthorities = try values.decodeIfPresent(String.self, forKey: .certificateAuthorities)
        seed = try values.decode(UInt64.self, forKey: .seed)
        generators = try values.decodeIfPresent(Int.self, forKey: .generators) ?? 1
    }

    /// Writes the scenario, durations as seconds; what is not set is left out.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(pace.ratePerSecond, forKey: .ratePerSecond)
        try values.encodeIfPresent(pace.concurrency, forKey: .concurrency)
        try values.encodeIfPresent(connections, forKey: .connections)
        try values.encode(mode, forKey: .mode)
        try values.encode(streams, forKey: .streams)
        try values.encode(messages, forKey: .messages)
        try values.encode(messageBytes, forKey: .messageBytes)
        try values.encode(usesFreshStreams, forKey: .usesFreshStreams)
        try values.encodeIfPresent(bulk, forKey: .bulk)
        try values.encode(bulkBytes, forKey: .bulkBytes)
        try values.encode(step, forKey: .step)
        try values.encodeIfPresent(keyUpdateEvery, forKey: .keyUpdateEvery)
        try values.encodeIfPresent(rebindEvery, forKey: .rebindEvery)
        try values.encode(streamWindowBytes, forKey: .streamWindowBytes)
        try values.encode(connectionWindowBytes, forKey: .connectionWindowBytes)
        try values.encodeIfPresent(readBytesPerSecond, forKey: .readBytesPerSecond)
        try values.encode(resumes, forKey: .resumes)
        try values.encode(sockets, forKey: .sockets)
        try values.encode(localAddresses, forKey: .localAddresses)
        try values.encode(workers, forKey: .workers)
        try values.encode(applicationProtocol, forKey: .applicationProtocol)
        try values.encode(serverName, forKey: .serverName)
        try values.encodeIfPresent(certificateAuthorities, forKey: .certificateAuthorities)
        try values.encode(seed, forKey: .seed)
        try values.encode(generators, forKey: .generators)
        try encodeTimes(to: &values)
    }

    private func encodeTimes(to values: inout KeyedEncodingContainer<CodingKeys>) throws {
        let times: [(CodingKeys, Duration?)] = [
            (.duration, duration), (.ramp, ramp), (.thinkTime, thinkTime), (.hold, hold), (.settle, settle),
            (.dialTimeout, dialTimeout), (.echoTimeout, echoTimeout), (.idleTimeout, idleTimeout),
            (.keepAlive, keepAlive),
        ]
        for (key, time) in times { try values.encodeIfPresent(time?.fractionalSeconds, forKey: key) }
    }
}

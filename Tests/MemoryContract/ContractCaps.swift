internal import QUICEndpoint
internal import QUICServer
internal import QUICTesting
internal import QUICTransport

/// The limits that hold whatever the libraries do, with the shipped defaults.
package struct ContractCaps: Hashable, Sendable, Codable {
    /// Transport and echo of a connection until its handshake is complete.
    package var handshakeBytes: Int
    /// What GnuTLS may hold for it until then: it is counted, and cannot be refused.
    package var handshakeTLSBytes: Int
    /// Transport and echo of an established connection.
    package var connectionBytes: Int
    /// Its keys in GnuTLS, our objects for it and for 16 streams, and its part of our tables.
    package var overheadBytes: Int
    /// Transport of an established connection that has no stream open.
    package var idleTransportBytes: Int
    /// Transport of a stream more.
    package var streamBytes: Int
    /// A record of a connection that is closing or draining.
    package var closingRecordBytes: Int
    /// How many such records a worker keeps.
    package var closingRecords: Int
    /// What they take together.
    package var closingRecordsBytes: Int
    /// What the plan of the process reserves for a connection.
    package var connectionCostBytes: Int
    /// How many connections are admitted into 1 GiB.
    package var connectionsPerGibibyte: Int

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case handshakeBytes = "handshake_bytes"
        case handshakeTLSBytes = "handshake_tls_bytes"
        case connectionBytes = "connection_bytes"
        case overheadBytes = "overhead_bytes"
        case idleTransportBytes = "idle_transport_bytes"
        case streamBytes = "stream_bytes"
        case closingRecordBytes = "closing_record_bytes"
        case closingRecords = "closing_records"
        case closingRecordsBytes = "closing_records_bytes"
        case connectionCostBytes = "connection_cost_bytes"
        case connectionsPerGibibyte = "connections_per_gibibyte"
    }

    /// What the code says.
    ///
    /// - Throws: When a server with the defaults and 1 GiB would not start.
    package static func ofThisCode() throws -> ContractCaps {
        var configuration = ServerConfiguration()
        configuration.memoryBytesLimit = 1 << 30
        let plan = try MemoryPlan(configuration)
        return ContractCaps(
            handshakeBytes: configuration.transport.handshakeBytesLimit,
            handshakeTLSBytes: LifeSimulation.handshakeTLSBytesLimit,
            connectionBytes: configuration.transport.connectionBytesLimit,
            overheadBytes: plan.connectionCostBytes - configuration.transport.connectionBytesLimit,
            idleTransportBytes: MemoryPlan.idleTransportBytes,
            streamBytes: MemoryPlan.streamBytes,
            closingRecordBytes: LifeSimulation.closingRecordBytesLimit,
            closingRecords: ConnectionSet.closingLimitDefault,
            closingRecordsBytes: ConnectionSet.closingBytesLimitDefault,
            connectionCostBytes: plan.connectionCostBytes,
            connectionsPerGibibyte: plan.connectionLimit
        )
    }

    /// Every limit with its name in the document.
    var named: [(name: String, value: Int)] {
        CodingKeys.allCases.map { ($0.rawValue, self[$0]) }
    }

    private subscript(key: CodingKeys) -> Int {
        switch key {
        case .handshakeBytes: handshakeBytes
        case .handshakeTLSBytes: handshakeTLSBytes
        case .connectionBytes: connectionBytes
        case .overheadBytes: overheadBytes
        case .idleTransportBytes: idleTransportBytes
        case .streamBytes: streamBytes
        case .closingRecordBytes: closingRecordBytes
        case .closingRecords: closingRecords
        case .closingRecordsBytes: closingRecordsBytes
        case .connectionCostBytes: connectionCostBytes
        case .connectionsPerGibibyte: connectionsPerGibibyte
        }
    }
}

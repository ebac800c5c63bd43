package import LoadModel

/// What a real server with many connections takes of its host for each of them.
package struct ResidentFigures: Hashable, Sendable, Codable {
    /// All connections in one state.
    package struct Row: Hashable, Sendable, Codable {
        /// The name of a ``ContractState``.
        package var state: String
        /// What the process's RSS has grown by since before the first connection, for each connection.
        package var residentBytes: Int
        /// The most it may have grown by.
        package var residentBytesLimit: Int
        /// What the ledger counts for each connection, by class.
        package var ledgerBytes: [String: Int]

        private enum CodingKeys: String, CodingKey {
            case state
            case residentBytes = "resident_bytes"
            case residentBytesLimit = "resident_bytes_limit"
            case ledgerBytes = "ledger_bytes"
        }

        /// All classes together.
        package var totalLedgerBytes: Int { ledgerBytes.values.reduce(0, +) }
    }

    /// The states in which whole processes are measured, and the most that their RSS may grow by for each connection.
    package static let bytesLimits: [(state: ContractState, bytes: Int)] = [
        (.establishedIdle, 28 * 1_024), (.echoAcknowledged, 33 * 1_024), (.gone, 1_024),
    ]

    /// How many connections there were at once.
    package var connections: Int
    /// The states.
    package var states: [Row]
    /// Bytes by which RSS is larger, in all, after every connection is gone.
    package var keptBytes: Int

    private enum CodingKeys: String, CodingKey {
        case connections
        case states
        case keptBytes = "kept_bytes"
    }

    /// The row of one state.
    package subscript(state: ContractState) -> Row? {
        states.first { $0.state == state.rawValue }
    }
}

extension ResidentFigures {
    /// A server's statistics before the first connection and while all of them were in one state.
    package struct Reading: Sendable {
        /// Before the first connection.
        package var before: ServerSnapshot
        /// With every connection in the state.
        package var after: ServerSnapshot

        /// Two statistics of one server.
        package init(before: ServerSnapshot, after: ServerSnapshot) {
            self.before = before
            self.after = after
        }
    }

    /// A server did not hold as many connections as it was to hold.
    package struct WrongCount: Error, CustomStringConvertible {
        /// What it held.
        package let description: String
    }

    /// The figures of servers that had `connections` of them.
    ///
    /// - Throws: ``WrongCount`` when a reading is of another number of connections.
    package init(connections: Int, reading: (ContractState) throws -> Reading) throws {
        self.connections = connections
        states = []
        keptBytes = 0
        for (state, limit) in Self.bytesLimits {
            let reading = try reading(state)
            let expected = state == .gone ? 0 : connections
            guard reading.after.connections.live == expected, reading.after.connections.established == expected else {
                throw WrongCount(description: "\(reading.after.connections) instead of \(expected) \(state.rawValue)")
            }
            let grown = reading.after.process.residentBytes - reading.before.process.residentBytes
            states.append(
                Row(
                    state: state.rawValue,
                    residentBytes: Self.share(of: grown, among: connections),
                    residentBytesLimit: limit,
                    ledgerBytes: Self.shares(of: reading.after.ledger.classes, among: connections)
                )
            )
            if state == .gone { keptBytes = grown }
        }
    }

    private static func shares(of classes: LedgerSnapshot.Classes, among connections: Int) -> [String: Int] {
        [
            "transport": share(of: classes.transport.liveBytes, among: connections),
            "tls": share(of: classes.tls.liveBytes, among: connections),
            "rings": share(of: classes.rings.liveBytes, among: connections),
            "table": share(of: classes.table.liveBytes, among: connections),
            "closing": share(of: classes.closing.liveBytes, among: connections),
        ]
    }

    /// To the nearest byte.
    private static func share(of bytes: Int, among connections: Int) -> Int {
        (bytes + connections / 2) / connections
    }
}

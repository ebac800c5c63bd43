import LoadModel

/// What the attacked server says of itself.
extension AdminClient: AbuseServerReading {
    func counters() throws -> ServerCounters {
        try read(ServerCounters.self, from: "/stats")
    }

    func unreturned() throws -> [String] {
        try read(ServerSnapshot.self, from: "/stats").unreturned
    }

    func connections() throws -> [AttackedConnection] {
        try read([LiveConnection].self, from: "/connections").compactMap { connection in
            connection.remote.map {
                AttackedConnection(id: connection.id, remote: $0, peakBytes: connection.peakBytes)
            }
        }
    }

    func ends() throws -> [AttackedConnection] {
        try read([Event].self, from: "/events").compactMap { event in
            guard event.event == "closed", let id = event.connection, let remote = event.remote else { return nil }
            return AttackedConnection(id: id, remote: remote, peakBytes: event.peakBytes ?? 0, cause: event.cause)
        }
    }

    /// A part of an object of `/connections`.
    private struct LiveConnection: Decodable {
        let id: String
        let remote: String?
        let peakBytes: Int

        private enum CodingKeys: String, CodingKey {
            case id, remote
            case peakBytes = "peak_bytes"
        }
    }

    /// A part of an object of `/events`.
    private struct Event: Decodable {
        let event: String
        let cause: String?
        let connection: String?
        let remote: String?
        let peakBytes: Int?

        private enum CodingKeys: String, CodingKey {
            case event, cause, connection, remote
            case peakBytes = "peak_bytes"
        }
    }
}

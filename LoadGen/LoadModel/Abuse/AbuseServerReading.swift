/// Something that asks the attacked server what it does. Each call blocks until the answer is there.
public protocol AbuseServerReading: Sendable {
    /// Every number of `/stats`.
    func counters() throws -> ServerCounters
    /// What has not come back to zero, by its name in `/stats`.
    func unreturned() throws -> [String]
    /// The connections that live now.
    func connections() throws -> [AttackedConnection]
    /// Those that ended lately, as far as the server remembers.
    func ends() throws -> [AttackedConnection]
}

/// A connection as the attacked server sees it.
public struct AttackedConnection: Sendable, Equatable {
    /// Its ID at the server, unique over the server's life.
    public let id: String
    /// The client's address and port.
    public let remote: String
    /// The most bytes it held at once.
    public let peakBytes: Int
    /// Why it ended, by `closed_by_cause`; nil while it lives.
    public let cause: String?

    /// A connection with these properties.
    public init(id: String, remote: String, peakBytes: Int, cause: String? = nil) {
        self.id = id
        self.remote = remote
        self.peakBytes = peakBytes
        self.cause = cause
    }
}

/// Something that asks a server for its statistics.
public protocol ServerReading: Sendable {
    /// The server's statistics now.
    ///
    /// - Throws: When the server does not answer in time or its answer is not understood. The error's description is
    ///   shown to the user.
    func snapshot() async throws -> ServerSnapshot
}

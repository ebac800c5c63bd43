/// What a server's ledger counts at one moment, in all and by class.
public struct LedgerSnapshot: Sendable, Equatable, Codable {
    /// One line of the ledger.
    public struct Usage: Sendable, Equatable, Codable {
        /// Bytes held now.
        public var liveBytes: Int
        /// Allocations held now.
        public var liveBlocks: Int
        /// The most bytes held at once since the server started.
        public var peakBytes: Int

        private enum CodingKeys: String, CodingKey {
            case liveBytes = "live_bytes"
            case liveBlocks = "live_blocks"
            case peakBytes = "peak_bytes"
        }
    }

    /// What the bytes are for.
    public struct Classes: Sendable, Equatable, Codable {
        /// The QUIC transport.
        public var transport: Usage
        /// TLS sessions.
        public var tls: Usage
        /// Stream buffers.
        public var rings: Usage
        /// The connection table.
        public var table: Usage
        /// Closing and draining connections.
        public var closing: Usage

        /// Every class with its name in JSON.
        static let all: [(name: String, usage: any WritableKeyPath<Classes, Usage> & Sendable)] = [
            ("transport", \.transport), ("tls", \.tls), ("rings", \.rings), ("table", \.table), ("closing", \.closing),
        ]
    }

    /// All classes together.
    public var total: Usage
    /// Each class.
    public var classes: Classes
}

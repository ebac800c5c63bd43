/// What a byte of memory is held for. Every byte a ledger counts belongs to exactly one class.
public enum MemoryClass: String, CaseIterable, Sendable {
    /// What ngtcp2 allocates for a connection.
    case transport
    /// What GnuTLS allocates for a connection.
    case tls
    /// Bytes and slots waiting in queues of our own.
    case rings
    /// The tables that find connections: by connection ID, by deadline, by slot.
    case table
    /// What is kept of a connection in the closing or draining state. RFC 9000 §10.2.
    case closing

    /// How many classes there are; ``MemoryLedger`` and ``MemoryAccount`` keep one counter for each inline.
    static let count = 5

    /// The position of this class among ``allCases``.
    package var position: Int { index }

    /// The position of this class's counter.
    @inline(__always)
    var index: Int {
        switch self {
        case .transport: 0
        case .tls: 1
        case .rings: 2
        case .table: 3
        case .closing: 4
        }
    }
}

import BoundedMemory
import Datagrams
import QUICTransport

/// Clients whose first datagrams wait for a turn that has time for their handshakes, in the order in which they came.
///
/// The other datagrams of such a client, the second half of a ClientHello or early data, wait behind its first one: there is no
/// connection yet to which they could lead.
///
/// Owns: a copy of each datagram, and two rings of slots. Released by: ``popFirst()``, ``removeAll()`` or `deinit`. Bound: the limit of
/// clients, ``bytesPerClient`` for each of them, and the process's memory limit.
struct WaitingInitials: ~Copyable {
    /// A client that waits.
    struct Client: ~Copyable {
        /// The connection ID that it made up, or that a Retry gave it.
        let destination: ConnectionID
        /// Its first datagram.
        let initial: HeldDatagram
        /// The datagrams that it sent since.
        var others: RingBuffer<HeldDatagram>
    }

    /// The datagrams of a client that wait behind its first: a little more than an initial congestion window. RFC 9002 §7.2.
    static let otherDatagramsLimit = 15
    /// Bytes for each client that may wait, shared by all of them.
    static let bytesPerClient = 2_048

    private let account: MemoryAccount
    private var clients: RingBuffer<Client>

    /// - Parameter limit: Clients that may wait, at least 1.
    init(limit: Int, ledger: MemoryLedger) {
        // With one datagram each, so many clients always fit: a ring that grows has half as many slots beside the new ones.
        precondition(
            Self.bytesPerClient
                >= TransportConfiguration.receivedDatagramBytesLimit + 16 + 3 * MemoryLayout<Client>.stride / 2
        )
        account = MemoryAccount(ledger: ledger)
        account.bytesLimit = limit * Self.bytesPerClient
        clients = RingBuffer(capacityLimit: limit, owner: account)
    }

    /// The clients that wait.
    var count: Int { clients.count }

    /// Whether none waits.
    var isEmpty: Bool { clients.isEmpty }

    /// The bytes of it that the ledger has.
    func add(to audit: inout AccountsAudit) { audit.add(account) }

    /// Keeps a client's first datagram behind those of others; false when there is no room for it.
    mutating func push(_ datagram: RawSpan, to destination: ConnectionID, path: NetworkPath, ecn: ECN) -> Bool {
        guard clients.count < clients.capacityLimit,
            let held = hold(datagram, path: path, ecn: ecn, slotBytes: Self.growthBytes(of: clients))
        else { return false }
        let others = RingBuffer<HeldDatagram>(capacityLimit: Self.otherDatagramsLimit, owner: account)
        clients.push(Client(destination: destination, initial: held, others: others))
        return true
    }

    /// Keeps a further datagram of a client that waits.
    ///
    /// - Complexity: O(clients that wait).
    /// - Returns: Whether there was room for it; nil when no client waits that made up `destination`.
    mutating func append(_ datagram: RawSpan, to destination: ConnectionID, path: NetworkPath, ecn: ECN) -> Bool? {
        guard let index = index(of: destination) else { return nil }
        guard clients[index].others.count < Self.otherDatagramsLimit,
            let held = hold(datagram, path: path, ecn: ecn, slotBytes: Self.growthBytes(of: clients[index].others))
        else { return false }
        clients[index].others.push(held)
        return true
    }

    /// Takes the client out that waits longest.
    mutating func popFirst() -> Client? { clients.popFirst() }

    /// Forgets all of them.
    mutating func removeAll() { clients.removeAll() }

    private func index(of destination: ConnectionID) -> Int? {
        for index in 0..<clients.count where clients[index].destination == destination { return index }
        return nil
    }

    private func hold(_ datagram: RawSpan, path: NetworkPath, ecn: ECN, slotBytes: Int) -> HeldDatagram? {
        guard account.hasRoom(for: datagram.byteCount + slotBytes) else { return nil }
        return HeldDatagram(copying: datagram, path: path, ecn: ecn, account: account)
    }

    /// The bytes that a ring needs for one slot more: none, or a block twice as large, beside the present one for a moment.
    private static func growthBytes<Element: ~Copyable>(of ring: borrowing RingBuffer<Element>) -> Int {
        guard ring.count == ring.capacity else { return 0 }
        return min(max(8, 2 * ring.capacity), ring.capacityLimit) * MemoryLayout<Element>.stride + 32
    }
}

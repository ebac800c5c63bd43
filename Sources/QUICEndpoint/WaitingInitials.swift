import BoundedMemory
import Datagrams
import QUICTransport

/// Clients whose first datagrams wait for a turn that has time for their handshakes, in the order in which they came.
///
/// The other datagrams of such a client, the second half of a ClientHello or early data, wait behind its first one: there is no
/// connection yet to which they could lead.
///
/// Owns: a copy of each datagram, two rings of slots, and a ``ConnectionIDMap``. Released by: ``popFirst()``, ``removeAll()`` or `deinit`.
/// Bound: the limit of clients, ``bytesPerClient`` and an entry of the map for each of them, and the process's memory limit.
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
    /// Bytes for each client that may wait, shared by all of them: two full datagrams, as with the key share of X25519MLKEM768.
    static let bytesPerClient = 4_096
    /// The most bytes that the first datagram of a client takes, with the allocator's rounding.
    private static let firstDatagramBytes = TransportConfiguration.receivedDatagramBytesLimit + 16

    private let account: MemoryAccount
    private var clients: RingBuffer<Client>
    /// The numbers of the clients that wait, by their connection IDs.
    private var numbers: ConnectionIDMap
    /// The number of the first client; those behind it follow.
    private var firstNumber: UInt32 = 0

    /// - Parameter limit: Clients that may wait, at least 1.
    init(limit: Int, ledger: MemoryLedger) {
        // With one datagram each, so many clients always fit.
        precondition(Self.bytesPerClient >= Self.firstDatagramBytes + Self.slotsBytes(1))
        account = MemoryAccount(ledger: ledger)
        account.bytesLimit = limit * Self.bytesPerClient
        clients = RingBuffer(capacityLimit: limit, owner: account)
        numbers = ConnectionIDMap(ledger: ledger)
    }

    /// The clients that wait.
    var count: Int { clients.count }

    /// Whether none waits.
    var isEmpty: Bool { clients.isEmpty }

    /// The bytes of it that the ledger has, without those of its table.
    func add(to audit: inout AccountsAudit) { audit.add(account) }

    /// The bytes of its table.
    var tableBytes: Int { numbers.allocatedBytes }

    /// Keeps a client's first datagram behind those of others; false when there is no room for it.
    mutating func push(_ datagram: RawSpan, to destination: ConnectionID, path: NetworkPath, ecn: ECN) -> Bool {
        guard clients.count < clients.capacityLimit,
            let held = hold(datagram, path: path, ecn: ecn, besides: Self.growthBytes(of: clients)),
            numbers.insert(destination, for: Self.entry(firstNumber &+ UInt32(clients.count)))
        else { return false }
        let others = RingBuffer<HeldDatagram>(capacityLimit: Self.otherDatagramsLimit, owner: account)
        clients.push(Client(destination: destination, initial: held, others: others))
        return true
    }

    /// Keeps a further datagram of a client that waits. It leaves room for the first datagrams of as many as may wait.
    ///
    /// - Returns: Whether there was room for it; nil when no client waits that made up `destination`.
    mutating func append(_ datagram: RawSpan, to destination: ConnectionID, path: NetworkPath, ecn: ECN) -> Bool? {
        guard let number = numbers.route(to: destination)?.generation else { return nil }
        let index = Int(number &- firstNumber)
        let growth = Self.growthBytes(of: clients[index].others)
        guard clients[index].others.count < Self.otherDatagramsLimit,
            let held = hold(datagram, path: path, ecn: ecn, besides: growth + firstDatagramsBytes)
        else { return false }
        clients[index].others.push(held)
        return true
    }

    /// Takes the client out that waits longest.
    mutating func popFirst() -> Client? {
        guard !clients.isEmpty else { return nil }
        numbers.retire(clients[0].destination, from: Self.entry(firstNumber))
        firstNumber &+= 1
        return clients.popFirst()
    }

    /// Forgets all of them.
    mutating func removeAll() { while popFirst() != nil {} }

    /// The bytes that the first datagrams take of as many clients more as may wait.
    private var firstDatagramsBytes: Int {
        let slots = max(0, Self.slotsBytes(clients.capacityLimit) - clients.allocatedBytes)
        return slots + (clients.capacityLimit - clients.count) * Self.firstDatagramBytes
    }

    /// The most bytes of a ring of so many clients: while it grows it has half as many slots beside the new ones.
    private static func slotsBytes(_ count: Int) -> Int { (3 * count * MemoryLayout<Client>.stride + 1) / 2 + 32 }

    /// The map has the number of a client where it has the generation of a connection.
    private static func entry(_ number: UInt32) -> ConnectionHandle { ConnectionHandle(index: 0, generation: number) }

    private func hold(_ datagram: RawSpan, path: NetworkPath, ecn: ECN, besides bytes: Int) -> HeldDatagram? {
        guard account.hasRoom(for: datagram.byteCount + bytes) else { return nil }
        return HeldDatagram(copying: datagram, path: path, ecn: ecn, account: account)
    }

    /// The bytes that a ring needs for one slot more: none, or a block twice as large, beside the present one for a moment.
    private static func growthBytes<Element: ~Copyable>(of ring: borrowing RingBuffer<Element>) -> Int {
        guard ring.count == ring.capacity else { return 0 }
        return min(max(8, 2 * ring.capacity), ring.capacityLimit) * MemoryLayout<Element>.stride + 32
    }
}

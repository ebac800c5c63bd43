import BoundedMemory
import QUICTransport

/// The turns of an endpoint: the datagrams that wait for the next one, and the part of the present one that handshakes may take.
///
/// Owns: two rings of handles, and the datagrams of clients that wait. Released by: ``forgetConnections()`` and its ``clients``, or
/// `deinit`. Bound: a handle for each connection, and that of ``WaitingInitials``.
struct Turns: ~Copyable {
    /// The number of the present turn.
    private(set) var number: UInt32 = 0
    /// Clients whose first datagrams wait.
    var clients: WaitingInitials
    /// The part of the present turn that handshakes may take.
    var share: HandshakeShare
    /// Whether a connection has the turns to itself.
    var company = TurnCompany()
    /// Clients and connections whose handshakes have waited for a turn, since start.
    private(set) var waitedCount = 0
    /// Connections whose datagrams wait for the next turn, and handles of some that are gone.
    private var established: RingBuffer<ConnectionHandle>
    /// The same of connections in their handshakes.
    private var handshaking: RingBuffer<ConnectionHandle>

    /// - Parameters:
    ///   - handshakeSteps: ``AdmissionLimits/handshakeStepsPerTurn``.
    ///   - waitingClients: ``AdmissionLimits/waitingInitials``.
    init(handshakeSteps: Int, waitingClients: Int, ledger: MemoryLedger) {
        clients = WaitingInitials(limit: waitingClients, ledger: ledger)
        share = HandshakeShare(stepsPerTurn: handshakeSteps)
        established = RingBuffer(capacityLimit: Int(UInt32.max), owner: ledger)
        handshaking = RingBuffer(capacityLimit: Int(UInt32.max), owner: ledger)
    }

    /// Whether datagrams of connections wait for the next turn.
    var hasConnections: Bool { !established.isEmpty || !handshaking.isEmpty }

    /// The clients and connections whose handshakes wait.
    var waitingCount: Int { clients.count + handshaking.count }

    /// The handles of connections that wait and had completed their handshakes.
    var establishedCount: Int { established.count }

    /// The handles of connections that wait and were in their handshakes.
    var handshakingCount: Int { handshaking.count }

    /// The next turn begins.
    mutating func begin() {
        number &+= 1
        share.beginTurn()
        company.beginTurn()
    }

    /// A client or a connection in its handshake begins to wait.
    mutating func noteWait() { waitedCount += 1 }

    /// Puts a connection whose datagrams wait behind the others.
    mutating func append(_ connection: Connection) {
        if connection.isHandshaking {
            handshaking.push(connection.handle)
        } else {
            established.push(connection.handle)
        }
    }

    /// Takes the first of ``establishedCount`` out.
    mutating func popEstablished() -> ConnectionHandle? { established.popFirst() }

    /// Takes the first of ``handshakingCount`` out.
    mutating func popHandshaking() -> ConnectionHandle? { handshaking.popFirst() }

    /// No connection is left.
    mutating func forgetConnections() {
        established.removeAll()
        handshaking.removeAll()
    }

    /// The bytes of it that the ledger has.
    func add(to audit: inout AccountsAudit) {
        audit.add(established.allocatedBytes + handshaking.allocatedBytes, to: .rings)
        clients.add(to: &audit)
    }
}

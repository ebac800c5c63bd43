import QUICTransport

/// Whether a connection has the turns to itself: then no other one waits for it, and it may handle its datagrams where they lie.
///
/// A connection that was alone in the last turn with datagrams is so in the next one until another connection has a datagram there.
struct TurnCompany {
    /// The connection that was alone in the last turn that had datagrams.
    private var former: ConnectionHandle?
    /// The first one of the present turn.
    private var first: ConnectionHandle?
    private var isShared = false

    /// The next turn begins. One without datagrams, as for a timer, changes nothing.
    mutating func beginTurn() {
        if first != nil { former = isShared ? nil : first }
        (first, isShared) = (nil, false)
    }

    /// Takes note of a datagram of a connection.
    ///
    /// - Returns: ``isAlone(_:)``.
    mutating func note(_ connection: ConnectionHandle) -> Bool {
        if first == nil { first = connection }
        if first != connection { isShared = true }
        return isAlone(connection)
    }

    /// Whether no other connection had datagrams in the last turn with any, nor has in the present one.
    func isAlone(_ connection: ConnectionHandle) -> Bool { !isShared && former == connection }
}

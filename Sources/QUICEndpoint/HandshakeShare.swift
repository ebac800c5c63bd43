/// The part of a turn that handshakes may take from connections whose handshake is complete.
///
/// A step of a handshake is work of TLS, mostly public-key arithmetic, which takes as long as dozens of other datagrams. Two kinds are
/// counted apart, so that neither keeps the other from its share: first datagrams, which open connections, and those by which the
/// handshakes of connections go on. Each has a few steps in every turn, and one more for each ``datagramsPerStep`` datagrams of established
/// connections in the turn before. So an established connection waits for a few steps at most, and a server that has no time left
/// gives handshakes about as much as the others.
struct HandshakeShare {
    /// The datagrams of established connections that take as long as a step: 0.35 ms, and 11 µs with the answer.
    static let datagramsPerStep = 32

    private static let stepsPerTurnMaximum = 1 << 20

    private let stepsPerTurn: Int
    private var stepsLimit: Int
    private var openings = 0
    /// The part of the turn that connections in their handshakes took, in datagrams of established connections.
    private var continuations = 0
    /// Datagrams of established connections in this turn.
    private var otherDatagrams = 0

    /// - Parameter stepsPerTurn: The steps of each kind in a turn, at least 1; `.max` for any number.
    init(stepsPerTurn: Int) {
        precondition(stepsPerTurn > 0, "handshakes that have no share would wait for ever")
        self.stepsPerTurn = min(stepsPerTurn, Self.stepsPerTurnMaximum)
        stepsLimit = self.stepsPerTurn
    }

    /// Whether the turn has time to open a connection.
    var admitsOpening: Bool { openings < stepsLimit }

    /// Whether the turn has time for a datagram of a connection in its handshake.
    var admitsContinuation: Bool { continuations < stepsLimit * Self.datagramsPerStep }

    /// The next turn begins.
    mutating func beginTurn() {
        stepsLimit = stepsPerTurn + otherDatagrams / Self.datagramsPerStep
        openings = 0
        continuations = 0
        otherDatagrams = 0
    }

    /// A connection was opened, or an attempt was made.
    mutating func noteOpening() { openings += 1 }

    /// A connection in its handshake handled a datagram.
    ///
    /// - Parameter isStep: Whether TLS had work to do, and not ngtcp2 alone.
    mutating func noteContinuation(isStep: Bool) { continuations += isStep ? Self.datagramsPerStep : 1 }

    /// A connection handled a datagram, in its handshake or after it.
    mutating func noteDatagram(ofHandshake isHandshaking: Bool, isStep: Bool) {
        if isHandshaking { noteContinuation(isStep: isStep) } else { noteOthers(1) }
    }

    /// Established connections handled so many datagrams.
    mutating func noteOthers(_ count: Int) { otherDatagrams += count }
}

import BoundedMemory
import Datagrams

/// Taking turns with other connections: a flood on one of them must not make the others wait.
///
/// A connection handles so many datagrams in each turn. The others wait, and go first in the next one.
///
/// Owns: ``WaitingDatagrams``, while some wait. Released by: handling them, or ``removeAll()``.
struct TurnQueue {
    private var waiting: WaitingDatagrams?
    /// The latest turn, and the datagrams that were handled in it.
    private var number: UInt32 = 0
    private var handledDatagrams: UInt32 = 0

    private static let fullDatagramBytes = 1_200

    /// Whether no datagram waits.
    var isEmpty: Bool { waiting == nil }

    /// The datagrams that wait.
    var count: Int { waiting?.count ?? 0 }

    /// Whether one more datagram may be handled in the turn `number`, and counts it if so.
    ///
    /// - Parameters:
    ///   - limit: The usual share. Without a share at all, datagrams that wait would wait for ever: it is one at least.
    ///   - windowBytes: The receive window where it has grown, else 0. A quarter of it in full datagrams is a share, up to four times the
    ///     usual one.
    ///   - isAlone: Whether no other connection has to wait for this one. All of the grown window is a share then, up to sixteen times
    ///     the usual one: to copy a datagram that waits takes a tenth of the time that it takes to handle it.
    mutating func takeShare(
        ofTurn number: UInt32,
        limit: Int,
        grownWindowBytes windowBytes: Int,
        isAlone: Bool
    ) -> Bool {
        if self.number != number { (self.number, handledDatagrams) = (number, 0) }
        let windowDatagrams = windowBytes / Self.fullDatagramBytes
        let grown = isAlone ? min(16 &* limit, windowDatagrams) : min(4 &* limit, windowDatagrams / 4)
        guard handledDatagrams < max(1, limit, grown) else { return false }
        handledDatagrams += 1
        return true
    }

    /// Keeps a copy of a datagram for the next turn; false when as many wait as may.
    ///
    /// - Parameter windowBytes: The bytes that an honest peer may have under way.
    mutating func keep(
        _ datagram: RawSpan,
        path: NetworkPath,
        ecn: ECN,
        configuration: TransportConfiguration,
        windowBytes: Int,
        account: MemoryAccount
    ) -> Bool {
        guard configuration.waitingDatagrams > 0 else { return false }
        let waiting =
            waiting
            ?? WaitingDatagrams(account: account, configuration: configuration, windowBytes: windowBytes)
        let isKept = waiting.push(datagram, path: path, ecn: ecn)
        self.waiting = waiting.isEmpty ? nil : waiting
        return isKept
    }

    /// Takes the first datagram out that waits.
    mutating func popFirst() -> HeldDatagram? {
        guard let waiting, let held = waiting.popFirst() else { return nil }
        if waiting.isEmpty { self.waiting = nil }
        return held
    }

    /// Drops the datagrams that wait.
    mutating func removeAll() {
        waiting = nil
    }
}

// MARK: - The turns of a connection

extension Connection {
    /// Whether datagrams of this connection wait for its next turn.
    public var hasWaitingDatagrams: Bool { !turns.isEmpty }

    /// The datagrams of this connection that wait for its next turn.
    package var waitingDatagramCount: Int { turns.count }

    /// Whether a datagram that arrives in the turn `number` may be handled in it, and counts it if so.
    ///
    /// It may not when others wait already, since they go first.
    ///
    /// - Parameter isAlone: Whether no other connection has to wait for this one.
    package func admitsDatagram(inTurn number: UInt32, isAlone: Bool) -> Bool {
        turns.isEmpty && takeShare(ofTurn: number, isAlone: isAlone)
    }

    /// Keeps a copy of a datagram for the next turn; false when as many wait as may.
    package func keepForNextTurn(_ datagram: RawSpan, path: NetworkPath, ecn: ECN) -> Bool {
        // A handshake would be refused memory for what its own client has sent behind it, and end.
        let transportBytes = account.liveBytes(of: .transport)
        let reservedBytes = isHandshaking ? configuration.handshakeBytesLeft(beside: transportBytes) : 0
        guard account.hasRoom(for: datagram.byteCount + reservedBytes) else { return false }
        return turns.keep(
            datagram,
            path: path,
            ecn: ecn,
            configuration: configuration,
            windowBytes: hasGrownWindow ? borrowing.outstandingBytes : 0,
            account: account
        )
    }

    /// Handles the datagrams that wait, as many as the turn `number` has for this connection.
    ///
    /// - Parameter isAlone: Whether no other connection has to wait for this one.
    /// - Returns: How the connection ended; nil while it lives.
    package func receiveWaiting(inTurn number: UInt32, isAlone: Bool, at now: MonotonicInstant) -> ConnectionEnd? {
        while !turns.isEmpty, takeShare(ofTurn: number, isAlone: isAlone), let held = turns.popFirst() {
            // It was accepted when it arrived, but those before it may have changed the path.
            let end = held.withBytes { bytes in
                accepts(bytes, from: held.path) ? receive(bytes, path: held.path, ecn: held.ecn, at: now) : nil
            }
            if let end { return end }
        }
        return nil
    }

    private func takeShare(ofTurn number: UInt32, isAlone: Bool) -> Bool {
        turns.takeShare(
            ofTurn: number,
            limit: configuration.datagramsPerTurn,
            grownWindowBytes: hasGrownWindow ? borrowing.windowBytes : 0,
            isAlone: isAlone
        )
    }

    private var hasGrownWindow: Bool { borrowing.hasGrown(beyond: configuration.connectionWindow.initialBytes) }
}

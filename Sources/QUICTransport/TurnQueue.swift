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

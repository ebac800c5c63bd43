package import Datagrams

/// Taking turns with other connections: a flood on one of them must not make the others wait.
extension Connection {
    /// How many datagrams were handled in the latest turn.
    struct Turn {
        var number: UInt32 = 0
        var handledDatagrams: UInt32 = 0
    }

    /// Whether datagrams of this connection wait for its next turn.
    public var hasWaitingDatagrams: Bool { waiting != nil }

    /// Whether a datagram that arrives in the turn `number` may be handled in it, and counts it if so.
    ///
    /// It may not when others wait already, since they go first.
    package func admitsDatagram(inTurn number: UInt32) -> Bool {
        waiting == nil && takeShare(ofTurn: number)
    }

    /// Keeps a copy of a datagram for the next turn; false when as many wait as may.
    package func keepForNextTurn(_ datagram: RawSpan, path: NetworkPath, ecn: ECN) -> Bool {
        guard configuration.waitingDatagrams > 0 else { return false }
        let waiting =
            waiting
            ?? WaitingDatagrams(
                account: account,
                configuration: configuration,
                windowBytes: borrowing.window.targetBytes > configuration.connectionWindow.initialBytes
                    ? borrowing.window.outstandingBytes : 0
            )
        let isKept = waiting.push(datagram, path: path, ecn: ecn)
        self.waiting = waiting.isEmpty ? nil : waiting
        return isKept
    }

    /// Handles the datagrams that wait, as many as the turn `number` has for this connection.
    ///
    /// - Returns: How the connection ended; nil while it lives.
    package func receiveWaiting(inTurn number: UInt32, at now: MonotonicInstant) -> ConnectionEnd? {
        while let waiting, takeShare(ofTurn: number), let held = waiting.popFirst() {
            if waiting.isEmpty { self.waiting = nil }
            // It was when it arrived, but those before it may have changed the path.
            let end = held.withBytes { bytes in
                accepts(bytes, from: held.path) ? receive(bytes, path: held.path, ecn: held.ecn, at: now) : nil
            }
            if let end { return end }
        }
        return nil
    }

    private func takeShare(ofTurn number: UInt32) -> Bool {
        if turn.number != number { turn = Turn(number: number) }
        // Without a share at all, what waits would wait for ever.
        guard turn.handledDatagrams < max(1, configuration.datagramsPerTurn, datagramsPerGrownWindow) else {
            return false
        }
        turn.handledDatagrams += 1
        return true
    }

    /// A quarter of a window that has grown, in full datagrams, and no more than four times the usual share.
    private var datagramsPerGrownWindow: Int {
        guard borrowing.window.targetBytes > configuration.connectionWindow.initialBytes else { return 0 }
        return min(4 &* configuration.datagramsPerTurn, borrowing.window.targetBytes / (4 * 1_200))
    }
}

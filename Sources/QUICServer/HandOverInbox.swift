import BoundedMemory
import DatagramIO
import Datagrams
import Synchronization

/// Where the other workers put the datagrams of one worker's connections: bounded in slots and in bytes.
///
/// It is closed until its worker opens it, and after that worker has ended; what is put then is refused. What does not
/// fit is refused and counted. Nobody ever waits for room.
///
/// A worker's ledger is touched by that worker only, so an inbox counts its own bytes: ``statistics``.
///
/// Owns: copies of the datagrams that wait, and a ring of slots; nothing while it is empty. Released by: ``takeFirst()``
/// and ``close()``. Bound: ``bytesLimit`` of copies, and ``capacity`` slots of 72 bytes (half as much again
/// while the ring grows or shrinks).
final class HandOverInbox: Sendable {
    /// Datagrams that may wait, by default.
    static let capacityDefault = 256
    /// Bytes of their copies, by default: 173 datagrams of the largest size.
    static let bytesLimitDefault = 256 * 1024

    private struct State: ~Copyable {
        /// Wakes the owner; nil while the inbox is closed.
        var waker: Waker?
        var datagrams: RingBuffer<HandedDatagram>
        /// Bytes of the copies that wait.
        var copiedBytes = 0
        /// Whether the owner has been woken since it last looked.
        var isAnnounced = false
        var statistics = HandOverStatistics()

        init(capacity: Int) {
            datagrams = RingBuffer(capacityLimit: capacity)
        }
    }

    private let bytesLimit: Int
    private let state: Mutex<State>

    /// An inbox that is closed and holds no memory.
    init(capacity: Int = capacityDefault, bytesLimit: Int = bytesLimitDefault) {
        self.bytesLimit = bytesLimit
        state = Mutex(State(capacity: capacity))
    }

    /// What went through it, and what waits.
    var statistics: HandOverStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waitingBytes = state.copiedBytes + state.datagrams.allocatedBytes
            return statistics
        }
    }
}

// MARK: - For the other workers

extension HandOverInbox {
    /// Puts a copy of `datagram` in, and wakes the owner unless that was done since it last looked.
    ///
    /// - Returns: Whether the owner will get it.
    func put(_ datagram: RawSpan, path: NetworkPath, ecn: ECN) -> Bool {
        // The allocator may take its time: the lock is for the ring only.
        var copy = HandedDatagram(copying: datagram, path: path, ecn: ecn)
        let (isTaken, waker): (Bool, Waker?) = state.withLock { state in
            guard let waker = state.waker else { return (false, nil) }
            guard let copy = copy.take(), admit(copy, to: &state) else {
                state.statistics.overflowed += 1
                return (false, nil)
            }
            defer { state.isAnnounced = true }
            return (true, state.isAnnounced ? nil : waker)
        }
        waker?.wake()
        return isTaken
    }

    private func admit(_ datagram: consuming HandedDatagram, to state: inout State) -> Bool {
        let bytes = datagram.allocatedBytes
        guard state.copiedBytes + bytes <= bytesLimit, state.datagrams.push(datagram) == nil else { return false }
        state.copiedBytes += bytes
        state.statistics.handed += 1
        return true
    }
}

// MARK: - For the owner

extension HandOverInbox {
    /// Lets datagrams in from now on, and wakes the owner with `waker` when there are any.
    func open(waking waker: Waker) {
        state.withLock { $0.waker = waker }
    }

    /// How many datagrams wait; whatever is put after this wakes the owner again.
    func beginTaking() -> Int {
        state.withLock { state in
            state.isAnnounced = false
            return state.datagrams.count
        }
    }

    /// Takes the datagram out that has waited longest; nil when none waits.
    func takeFirst() -> HandedDatagram? {
        state.withLock { state in
            guard let datagram = state.datagrams.popFirst() else { return nil }
            state.copiedBytes -= datagram.allocatedBytes
            state.statistics.received += 1
            return datagram
        }
    }

    /// Lets no further datagram in, and lets go of those that came too late.
    func close() {
        state.withLock { $0.waker = nil }
        while takeFirst() != nil {}
    }
}

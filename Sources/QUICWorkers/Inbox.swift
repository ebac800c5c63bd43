import BoundedMemory
package import DatagramIO
package import QUICTransport
import Synchronization

/// An element that waits in an ``Inbox``.
package protocol InboxElement: ~Copyable, Sendable {
    /// The bytes counted for it while it waits.
    var heldBytes: Int { get }
    /// Bytes that it keeps beside them, which count once for all elements that wait with them.
    var broadcast: BroadcastBytes? { get }
}

extension InboxElement where Self: ~Copyable {
    package var broadcast: BroadcastBytes? { nil }
}

/// A queue that any thread fills and one worker empties: bounded in slots and in bytes. Nobody ever waits for room.
///
/// A worker's ledger is touched by that worker only, so an inbox counts its own bytes: ``counts``.
///
/// Owns: the elements that wait, a ring of slots, and a count for each ``BroadcastBytes`` among them; nothing while it is empty. Released
/// by: ``takeFirst()`` and ``close()``. Bound: `bytesLimit` for the elements, and `capacity` slots (half as much again while the ring grows
/// or shrinks) and counts.
package final class Inbox<Element: InboxElement & ~Copyable>: Sendable {
    /// How an element fared.
    package enum Admission {
        case taken
        case full
        case closed
    }

    /// The elements that it took and refused since start, and its bytes now.
    package struct Counts {
        package var admitted = 0
        package var taken = 0
        package var dropped = 0
        package var refused = 0
        /// Elements that wait, and their slots.
        package var waitingBytes = 0
    }

    private struct State: ~Copyable {
        var isOpen: Bool
        /// Wakes the owner; nil before it has started, and after its end.
        var waker: Waker?
        var waiting: RingBuffer<Element>
        /// Whether the owner has been woken since it last looked.
        var isAnnounced = false
        /// How many of the elements that wait keep the same bytes.
        var keepers: [ObjectIdentifier: Int] = [:]
        /// Without the slots.
        var counts = Counts()

        /// The bytes that count while `element` waits and would not if it did not, when `others` keep its ``InboxElement/broadcast``.
        static func bytes(of element: borrowing Element, beside others: Int) -> Int {
            element.heldBytes + (others == 0 ? element.broadcast?.count ?? 0 : 0)
        }
    }

    private let bytesLimit: Int
    private let state: Mutex<State>

    /// An inbox that holds no memory.
    ///
    /// - Parameter isOpen: Whether it takes elements before its owner has started.
    package init(capacity: Int, bytesLimit: Int, isOpen: Bool) {
        self.bytesLimit = bytesLimit
        state = Mutex(State(isOpen: isOpen, waiting: RingBuffer(capacityLimit: capacity)))
    }

    /// The number of elements that went through it, and the bytes of those that wait.
    package var counts: Counts {
        state.withLock { state in
            var counts = state.counts
            counts.waitingBytes += state.waiting.allocatedBytes
            return counts
        }
    }
}

// MARK: - For other threads

extension Inbox where Element: ~Copyable {
    /// Puts `element` in, and wakes the owner unless that was done since it last looked.
    ///
    /// - Parameter element: Nil where there was no memory for it, which is refused.
    package func put(_ element: consuming Element?) -> Admission {
        var element = element
        let (admission, waker): (Admission, Waker?) = state.withLock { state in
            guard state.isOpen else { return (.closed, nil) }
            guard let element = element.take(), admit(element, to: &state) else {
                state.counts.refused += 1
                return (.full, nil)
            }
            defer { state.isAnnounced = true }
            return (.taken, state.isAnnounced ? nil : state.waker)
        }
        waker?.wake()
        return admission
    }

    private func admit(_ element: consuming Element, to state: inout State) -> Bool {
        let key = element.broadcast.map { ObjectIdentifier($0) }
        let keepers = key.flatMap { state.keepers[$0] } ?? 0
        let bytes = State.bytes(of: element, beside: keepers)
        guard state.counts.waitingBytes + bytes <= bytesLimit, state.waiting.push(element) == nil else { return false }
        if let key { state.keepers[key] = keepers + 1 }
        state.counts.waitingBytes += bytes
        state.counts.admitted += 1
        return true
    }
}

// MARK: - For the owner

extension Inbox where Element: ~Copyable {
    /// Takes elements from now on, if it did not before, and wakes the owner with `waker` when there are any.
    package func open(waking waker: Waker) {
        let hasElements = state.withLock { state in
            state.isOpen = true
            state.waker = waker
            return !state.waiting.isEmpty
        }
        if hasElements { waker.wake() }
    }

    /// Calls `body` with each element that waits now, and `flush` after every `count` of them.
    package func empty<Failure: Error>(
        flushingAfter count: Int,
        _ flush: () throws(Failure) -> Void,
        _ body: (borrowing Element) -> Void
    ) throws(Failure) {
        var left = beginTaking()
        while left > 0, let element = takeFirst() {
            body(element)
            left -= 1
            if left.isMultiple(of: count) { try flush() }
        }
    }

    /// The number of elements that wait; whatever is put after this wakes the owner again.
    package func beginTaking() -> Int {
        state.withLock { state in
            state.isAnnounced = false
            return state.waiting.count
        }
    }

    /// Takes the element out that has waited longest; nil when none waits.
    package func takeFirst() -> Element? {
        pop(counting: \.taken)
    }

    /// Takes no further element, and drops those that came too late.
    package func close() {
        state.withLock { state in
            state.isOpen = false
            state.waker = nil
        }
        while pop(counting: \.dropped) != nil {}
    }

    private func pop(counting count: WritableKeyPath<Counts, Int>) -> Element? {
        state.withLock { state in
            guard let element = state.waiting.popFirst() else { return nil }
            var keepers = 0
            if let key = element.broadcast.map({ ObjectIdentifier($0) }) {
                keepers = (state.keepers[key] ?? 1) - 1
                state.keepers[key] = keepers == 0 ? nil : keepers
                if state.keepers.isEmpty { state.keepers = [:] }
            }
            state.counts.waitingBytes -= State.bytes(of: element, beside: keepers)
            state.counts[keyPath: count] += 1
            return element
        }
    }
}

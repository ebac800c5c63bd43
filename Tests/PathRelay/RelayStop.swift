import DatagramIO
import Synchronization

/// Ends a relay from another thread.
package final class RelayStop: Sendable {
    private let waker: Waker
    private let isWanted = Atomic(false)

    init(waker: Waker) {
        self.waker = waker
    }

    /// Whether the relay must end.
    var isRequested: Bool { isWanted.load(ordering: .relaxed) }

    /// Ends the relay soon.
    package func request() {
        isWanted.store(true, ordering: .relaxed)
        waker.wake()
    }
}

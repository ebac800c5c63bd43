import Synchronization

/// Why a client takes no more requests: told by its thread before it takes none, and asked by others.
final class ClientEnd: Sendable {
    private let state = Mutex<ConnectError?>(nil)

    /// Nil as long as it takes requests.
    var reason: ConnectError? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

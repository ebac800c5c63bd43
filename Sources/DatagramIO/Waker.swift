import CShims

/// Wakes an ``EventLoop`` from any thread. Waking a loop that is gone does nothing.
///
/// Owns: one eventfd. Released by: `deinit`, so when the loop and every holder let go. Bound: one descriptor.
public final class Waker: Sendable {
    private let descriptor: FileDescriptor

    init() throws(SocketError) {
        descriptor = try FileDescriptor(owning: qh_eventfd_create(), from: .createEventLoop)
    }

    /// Ends the loop's current wait, or the next one if it is not waiting. Several calls may end one wait together.
    public func wake() {
        qh_eventfd_signal(descriptor.rawValue)
    }

    /// Takes back all wake-ups so far.
    func drain() {
        qh_eventfd_drain(descriptor.rawValue)
    }

    /// The descriptor an event loop watches.
    var watched: Int32 { descriptor.rawValue }
}

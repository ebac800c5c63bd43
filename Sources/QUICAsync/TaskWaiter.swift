/// A task that waits for one value, which its holder gives it once.
///
/// A `CheckedContinuation` has an object that finds the second value: an allocation for each chunk that a task waits for. Holders take
/// the waiter out of their state, under its lock, before they resume it, so that no two can.
@safe
struct TaskWaiter<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    /// Suspends the task until the waiter that `body` gets is resumed, which must happen once.
    static func wait(_ body: (TaskWaiter) -> Void) async -> Value {
        await unsafe withUnsafeContinuation { body(unsafe TaskWaiter(continuation: $0)) }
    }

    func resume(returning value: sending Value) { unsafe continuation.resume(returning: value) }
}

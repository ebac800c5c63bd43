import Synchronization

/// What arrived for one consumer and was not taken yet.
///
/// Owns: the elements that wait. Released by: ``next()``, ``remove(where:)`` and ``finish()``. Bound: whoever puts elements in removes
/// those that have ended, so no more wait than are alive.
final class Arrivals<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var consumer: CheckedContinuation<Element?, Never>?
        var isOver = false
    }

    private let state = Mutex(State())

    /// Hands `element` to the consumer, now or when it asks.
    func put(_ element: Element) {
        let consumer = state.withLock { state in
            guard !state.isOver else { return nil as CheckedContinuation<Element?, Never>? }
            if let consumer = state.consumer.take() { return consumer }
            state.waiting.append(element)
            return nil
        }
        consumer?.resume(returning: element)
    }

    /// Takes elements back that nobody took.
    func remove(where isGone: (Element) -> Bool) {
        state.withLock { $0.waiting.removeAll(where: isGone) }
    }

    /// No further element arrives; those that wait can be taken.
    func finish() {
        let consumer = state.withLock { state in
            state.isOver = true
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }

    /// The next element; nil when none follows, or when the task is cancelled.
    ///
    /// - Precondition: One task at a time asks.
    func next() async -> Element? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { consumer in
                let ready: Element?? = state.withLock { state in
                    if Task.isCancelled { return .some(nil) }
                    if !state.waiting.isEmpty { return state.waiting.removeFirst() }
                    if state.isOver { return .some(nil) }
                    precondition(state.consumer == nil, "one task at a time takes what arrives")
                    state.consumer = consumer
                    return nil
                }
                if let ready { consumer.resume(returning: ready) }
            }
        } onCancel: {
            state.withLock { $0.consumer.take() }?.resume(returning: nil)
        }
    }
}

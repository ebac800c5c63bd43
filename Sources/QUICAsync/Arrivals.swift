import Synchronization

/// Elements that arrived and that no task has taken yet. Several tasks may take them; each element goes to one of them.
///
/// Owns: the elements that wait. Released by: ``next()``, ``remove(where:)`` and ``finish()``. Bound: those who put
/// elements in remove the ones that have ended, so no more wait than are alive; or a limit, beyond which the oldest go.
final class Arrivals<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        /// Tasks that wait, in the order in which they asked.
        var consumers: [(ticket: UInt64, continuation: CheckedContinuation<Element?, Never>)] = []
        var lastTicket: UInt64 = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let capacityLimit: Int

    /// - Parameter capacityLimit: How many elements may wait; one more displaces the oldest.
    init(capacityLimit: Int = .max) {
        precondition(capacityLimit > 0)
        self.capacityLimit = capacityLimit
    }

    /// Hands `element` to the consumer, now or when it asks.
    func put(_ element: Element) {
        let consumer = state.withLock { state in
            guard !state.isOver else { return nil as CheckedContinuation<Element?, Never>? }
            if !state.consumers.isEmpty { return state.consumers.removeFirst().continuation }
            if state.waiting.count == capacityLimit { state.waiting.removeFirst() }
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
        let consumers = state.withLock { state in
            state.isOver = true
            defer { state.consumers = [] }
            return state.consumers
        }
        for consumer in consumers { consumer.continuation.resume(returning: nil) }
    }

    /// The next element; nil when none follows, or when the task is cancelled.
    func next() async -> Element? {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { consumer in
                let ready: Element?? = state.withLock { state in
                    if Task.isCancelled { return .some(nil) }
                    if !state.waiting.isEmpty { return state.waiting.removeFirst() }
                    if state.isOver { return .some(nil) }
                    state.consumers.append((ticket, consumer))
                    return nil
                }
                if let ready { consumer.resume(returning: ready) }
            }
        } onCancel: {
            let consumer = state.withLock { state in
                state.consumers.firstIndex { $0.ticket == ticket }.map { state.consumers.remove(at: $0).continuation }
            }
            consumer?.resume(returning: nil)
        }
    }
}

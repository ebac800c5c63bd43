import DatagramIO
import QUICEndpoint
import QUICWorkers
import Synchronization

#if NEGATIVE_CONTROLS
import QUICTransport
#endif

/// The thread of a worker, seen from the others.
final class WorkerThread: Sendable {
    typealias Outcome = Result<ServerStatistics, SocketError>

    private enum State {
        case running([CheckedContinuation<Outcome, Never>])
        case ended(Outcome)
    }

    private let mailbox: Worker.Mailbox
    private let state = Mutex(State.running([]))

    /// Starts the thread, which owns `worker` from now on.
    init(running worker: sending Worker) throws(ServerError) {
        mailbox = worker.mailbox
        let start = Start(worker: worker, thread: self)
        do throws(ThreadError) {
            try OwnThread.start { start.run() }
        } catch {
            throw .thread(error.code)
        }
    }

    /// What the new thread is given.
    private final class Start {
        private var worker: Worker?
        private let thread: WorkerThread

        init(worker: Worker, thread: WorkerThread) {
            self.worker = worker
            self.thread = thread
        }

        func run() {
            #if NEGATIVE_CONTROLS
            NegativeControl.raceAtStart()
            #endif
            guard let outcome = runWorker() else { return }
            thread.end(with: outcome)
        }

        /// The worker is gone when this returns: who learns of its end may bind its address again.
        private func runWorker() -> Outcome? {
            guard let worker = worker.take() else { return nil }
            do throws(SocketError) {
                return .success(try worker.run())
            } catch {
                return .failure(error)
            }
        }
    }

    private func end(with outcome: Outcome) {
        let waiting = state.withLock { state in
            defer { state = .ended(outcome) }
            if case .running(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Tells the worker to close its connections and end.
    func shutDown() {
        _ = mailbox.post(.shutDown)
    }

    /// How the worker ended, once it has.
    func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            let ended: Outcome? = state.withLock { state in
                switch state {
                case .ended(let outcome): return outcome
                case .running(let waiting):
                    state = .running(waiting + [continuation])
                    return nil
                }
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// What each of the worker's connections is and holds; none once it has ended.
    func connections() async -> [ConnectionReport] {
        await withCheckedContinuation { continuation in
            let isPosted = mailbox.post(.list { continuation.resume(returning: $0) })
            if !isPosted { continuation.resume(returning: []) }
        }
    }

    /// The events that the worker keeps, oldest first; none once it has ended.
    func events() async -> [EndpointEvent] {
        await withCheckedContinuation { continuation in
            let isPosted = mailbox.post(.listEvents { continuation.resume(returning: $0) })
            if !isPosted { continuation.resume(returning: []) }
        }
    }

    /// What the worker did and holds now, or at its end.
    func statistics() async throws(SocketError) -> ServerStatistics {
        let current: ServerStatistics? = await withCheckedContinuation { continuation in
            let isPosted = mailbox.post(.report { continuation.resume(returning: $0) })
            if !isPosted { continuation.resume(returning: nil) }
        }
        if let current { return current }
        return try await outcome().get()
    }
}

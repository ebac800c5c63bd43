import DatagramIO
import FaultInjection
import QUICEndpoint
import QUICWorkers

/// The thread of a worker, seen from the others.
final class WorkerThread: Sendable {
    typealias Outcome = Result<ServerStatistics, SocketError>

    private let mailbox: Worker.Mailbox
    private let end = ThreadEnd<Outcome>()

    /// Starts the thread, which owns `worker` from now on.
    ///
    /// - Parameter processors: Where the thread is to stay on one of them, by the worker's `index`.
    init(
        running worker: sending Worker,
        _ index: Int,
        on processors: AvailableProcessors? = nil
    ) throws(ServerError) {
        mailbox = worker.mailbox
        do throws(ThreadError) {
            try end.start(worker) { worker in
                FaultInjection.raceAtStart()
                processors?.pinThread(index)
                do throws(SocketError) {
                    return .success(try worker.run())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .thread(error.code)
        }
    }

    /// Tells the worker to let its connections finish, for `timeout` at most, after which it closes them and ends.
    ///
    /// - Parameter whenDrained: Called once, when none is left; the worker goes on, since the kernel steers datagrams by the number of
    ///   sockets.
    func drain(within timeout: Duration, whenDrained: @escaping @Sendable () -> Void) {
        if !mailbox.post(.drain(timeout, whenDrained: whenDrained)) { whenDrained() }
    }

    /// Tells the worker to close its connections and end.
    func shutDown() {
        _ = mailbox.post(.shutDown)
    }

    /// How the worker ended, once it has.
    func outcome() async -> Outcome { await end.outcome() }

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

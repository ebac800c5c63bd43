public import QUICTransport

/// A worker of a server, as other threads see it: work for its services is sent to its own thread.
///
/// Work from one thread is done in order. Waiting work is bounded for each worker: 4,096 pieces, and 1 MiB for what they keep.
public struct WorkerReference: Sendable {
    /// Which worker of its server this is, from 0.
    public let index: Int
    package let work = WorkInbox()
    package let tasks = WorkerTasks()

    package init(index: Int) {
        self.index = index
    }

    /// The worker has ended, or never began: work is refused from now on, and tasks run elsewhere.
    package func close() {
        work.close()
        tasks.close()
    }

    /// Runs tasks on the worker's thread, between two batches of datagrams: `Task(executorPreference: worker.taskExecutor) { … }`. They
    /// must not block it. When the worker has ended, they run elsewhere.
    public var taskExecutor: any TaskExecutor { tasks }

    /// Whether the caller is on the worker's thread, where it may use the worker's connections and streams.
    public var isCurrent: Bool { tasks.isCurrent }

    /// Calls `body` with the worker's service of the type `Service` on its own thread; not at all where it has none.
    ///
    /// Bytes that the body writes to connections of this worker leave when it has returned.
    ///
    /// - Parameter byteCount: The bytes that `body` keeps while it waits.
    /// - Throws: ``QUICTransport/WorkError`` when it will not be called.
    public func perform<Service: StreamService>(
        on type: Service.Type,
        keeping byteCount: Int = 0,
        _ body: @escaping @Sendable (Service) -> Void
    ) throws(WorkError) {
        try work.put(keeping: byteCount) { scope in
            for service in scope.services {
                if let service = service as? Service { return body(service) }
            }
        }
    }
}

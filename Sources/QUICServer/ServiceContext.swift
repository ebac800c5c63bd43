public import QUICWorkers

/// Where a service is: its worker, among those of its server.
public struct ServiceContext: Sendable {
    /// The worker whose connections the service serves.
    public let worker: WorkerReference
    /// All workers of the server, in their order.
    public let workers: [WorkerReference]
}

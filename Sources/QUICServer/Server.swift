import DatagramIO
public import Datagrams
import QUICEndpoint
import QUICWorkers
import Synchronization

/// A QUIC server whose memory per connection is bounded, accounted to the byte, and comes back.
///
/// ```swift
/// let server = try Server(configuration: ServerConfiguration(), services: [EchoService()])
/// print("listening on \(server.address)")
/// …
/// let last = try await server.shutDown()
/// precondition(last.hasReturned)
/// ```
///
/// Owns: its workers' threads, sockets and connections. Released by: ``shutDown()``; a server that is let go without it
/// serves until the process ends. Bound: ``MemoryPlan/memoryBytesLimit``, and 200 KB a worker, 280 KB more while other
/// workers' datagrams wait for it, and 1.2 MB more while other threads' work does.
public final class Server: Sendable {
    /// The address it listens on, with the port the system chose if 0 was asked for.
    public let address: SocketAddress
    /// How it listens, and what it gives each connection.
    public let configuration: ServerConfiguration
    /// What its connections may hold in all.
    public let memoryPlan: MemoryPlan
    private let workers: [WorkerThread]
    private let tls: TLSServerContext

    /// Starts a server of services that keep nothing of their own, so that all workers can share them; it is ready when this returns.
    ///
    /// - Parameter services: What answers on each application protocol, in order of preference.
    /// - Throws: When the address is taken, the certificate does not work, or the configuration contradicts itself.
    public convenience init(
        configuration: ServerConfiguration,
        services: [any StreamService & Sendable]
    ) throws(ServerError) {
        try self.init(configuration: configuration) { _ in services }
    }

    /// Starts a server in which each worker has services of its own; it is ready when this returns.
    ///
    /// - Parameter makeServices: Makes the services of one worker, in order of preference. Called once for each worker before this
    ///   returns; the application protocols of the first one are those of the server, and others must have the same.
    /// - Throws: When the address is taken, the certificate does not work, or the configuration contradicts itself.
    public init(
        configuration: ServerConfiguration,
        makeServices: (ServiceContext) -> sending [any StreamService]
    ) throws(ServerError) {
        try configuration.checkRanges()
        var configuration = configuration
        let references = (0..<configuration.workerCount).map { WorkerReference(index: $0) }
        let firstServices = makeServices(ServiceContext(worker: references[0], workers: references))
        let protocols = firstServices.map(\.applicationProtocol)
        let tls = try Self.makeTLS(configuration, protocols)
        configuration.transport.certificateChainBytes = tls.certificateChainBytes
        configuration.transport.asksForCertificates = tls.asksForCertificates
        self.configuration = configuration
        self.tls = tls
        memoryPlan = try MemoryPlan(ofChecked: configuration, available: .current())
        // Rounded down, so that the workers together never exceed the plan.
        configuration.admission.connections = memoryPlan.connectionLimit / configuration.workerCount
        var group = WorkerGroup(
            configuration: configuration,
            memoryBudget: memoryPlan.makeBudget(configuration.transport),
            tls: tls
        )
        do throws(ServerError) {
            try group.startWorker(references[0], services: firstServices)
            for reference in references.dropFirst() {
                let services = makeServices(ServiceContext(worker: reference, workers: references))
                guard services.map(\.applicationProtocol) == protocols else {
                    let expected = "those of worker 0 are \(protocols)"
                    throw .configuration("worker \(reference.index) has other application protocols; \(expected)")
                }
                try group.startWorker(reference, services: services)
            }
        } catch {
            for worker in group.workers { worker.shutDown() }
            for reference in references { reference.close() }
            throw error
        }
        address = group.address
        workers = group.workers
    }

    /// What the server did and holds at this moment.
    ///
    /// - Throws: When a worker has failed.
    public func statistics() async throws(ServerError) -> ServerStatistics {
        var sum = ServerStatistics()
        for worker in workers {
            do throws(SocketError) {
                sum += try await worker.statistics()
            } catch {
                throw .socket(error)
            }
        }
        sum.replayStore = tls.replayStore
        return sum
    }

    /// What each live connection is and holds, by worker.
    public func connections() async -> [[ConnectionReport]] {
        var reports: [[ConnectionReport]] = []
        for worker in workers { reports.append(await worker.connections()) }
        return reports
    }

    /// What happened lately, oldest first: the events that the workers keep.
    public func events() async -> [ServerEvent] {
        var logged: [(worker: Int, event: EndpointEvent)] = []
        for (index, worker) in workers.enumerated() { logged += await worker.events().map { (index, $0) } }
        let now = MonotonicInstant.now()
        // Events of one worker may have the same time and stay in their order. A worker is ahead of the system's clock
        // where that ran backwards.
        return logged.enumerated()
            .sorted { ($0.element.event.time, $0.offset) < ($1.element.event.time, $1.offset) }
            .map { ServerEvent(worker: $1.worker, age: max(.zero, $1.event.time.duration(to: now)), event: $1.event) }
    }

    /// Refuses new connections, sends CONNECTION_CLOSE to all, and releases everything.
    ///
    /// - Returns: The last statistics; ``ServerStatistics/hasReturned`` says whether anything stayed.
    /// - Throws: When a worker has failed.
    public func shutDown() async throws(ServerError) -> ServerStatistics {
        for worker in workers { worker.shutDown() }
        return try await waitUntilStopped()
    }

    /// How long a server that drains waits for its connections by default: 8 s, so that a process ends within the ten seconds that
    /// container runtimes commonly give it.
    public static let drainTimeoutDefault = Duration.seconds(8)

    /// Refuses new connections (RFC 9000 §20.1, CONNECTION_REFUSED), lets the others finish their streams, and then does as
    /// ``shutDown()`` does.
    ///
    /// A connection is closed, with its service's ``QUICTransport/StreamService/finishCode``, when all its streams have ended and
    /// everything sent is acknowledged. Services are told at once, and may tell their clients:
    /// ``QUICTransport/StreamService/connectionShouldFinish(_:)``.
    ///
    /// - Parameter timeout: How long that may take; connections that are left then are closed whatever their streams do. No time at
    ///   all, or less, is ``shutDown()``. Of several drains the one that ends first counts. The task's cancellation ends it at once,
    ///   and so does ``shutDown()``.
    /// - Returns: The last statistics. Connections that finished are counted as `drained`, those that were left as `shutdown`.
    /// - Throws: When a worker has failed.
    public func drain(within timeout: Duration) async throws(ServerError) -> ServerStatistics {
        guard timeout > .zero else { return try await shutDown() }
        let end = LastOfAll(workers.count) { [workers] in
            for worker in workers { worker.shutDown() }
        }
        let outcome: Result<ServerStatistics, ServerError> = await withTaskCancellationHandler {
            for worker in workers { worker.drain(within: timeout) { end.noteOne() } }
            do throws(ServerError) {
                return .success(try await waitUntilStopped())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            for worker in workers { worker.shutDown() }
        }
        return try outcome.get()
    }

    /// Calls a function when the last of several has come to its end.
    private final class LastOfAll: Sendable {
        private let left: Atomic<Int>
        private let body: @Sendable () -> Void

        init(_ count: Int, _ body: @escaping @Sendable () -> Void) {
            left = Atomic(count)
            self.body = body
        }

        func noteOne() {
            if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { body() }
        }
    }

    /// Waits until every worker has ended, because of ``shutDown()`` or of a failure.
    ///
    /// A worker that fails takes the others with it: they shut down in order.
    ///
    /// - Throws: The first failure, once all workers have ended.
    public func waitUntilStopped() async throws(ServerError) -> ServerStatistics {
        var sum = ServerStatistics()
        var firstFailure: SocketError?
        for outcome in await outcomes() {
            switch outcome {
            case .success(let statistics): sum += statistics
            case .failure(let error): firstFailure = firstFailure ?? error
            }
        }
        if let firstFailure { throw .socket(firstFailure) }
        sum.replayStore = tls.replayStore
        return sum
    }

    /// How the workers ended, the first one first.
    private func outcomes() async -> [WorkerThread.Outcome] {
        await withTaskGroup(of: WorkerThread.Outcome.self) { group in
            for worker in workers { group.addTask { await worker.outcome() } }
            return await group.reduce(into: []) { outcomes, outcome in
                if case .failure = outcome { for worker in workers { worker.shutDown() } }
                outcomes.append(outcome)
            }
        }
    }

    private static func makeTLS(
        _ configuration: ServerConfiguration,
        _ protocols: [String]
    ) throws(ServerError) -> TLSServerContext {
        do throws(QUICError) {
            let protocols = try ApplicationProtocols(protocols)
            return try TLSServerContext(
                certificate: configuration.certificate,
                additionalCertificates: configuration.additionalCertificates,
                protocols: protocols,
                clientAuthentication: configuration.clientAuthentication,
                keyLog: configuration.keyLog,
                earlyData: configuration.earlyData
            )
        } catch {
            throw .transport(error)
        }
    }
}

import BoundedMemory
import DatagramIO
import Datagrams
import FaultInjection
import QUICEndpoint
import QUICTransport
import QUICWorkers

/// Starts the workers of one server, which share an address, a certificate, two secrets and the memory of used tokens.
struct WorkerGroup {
    private(set) var workers: [WorkerThread] = []
    /// Where they listen; exact once the first one is bound.
    private(set) var address: SocketAddress
    private let configuration: ServerConfiguration
    private let tls: TLSServerContext
    private let tokenKeys: TokenKeys
    private let oneTimeTokens = OneTimeTokens()
    private let memoryBudget: MemoryBudget
    private let inboxes: [HandOverInbox]
    /// The processors that workers stay on, one for each; nil where they may use all of them.
    private let processors: AvailableProcessors?

    init(configuration: ServerConfiguration, memoryBudget: MemoryBudget, tls: TLSServerContext) {
        self.memoryBudget = memoryBudget
        self.configuration = configuration
        var tokenKeys = configuration.tokenKeys
        // Tokens outlive the process, and the clock's start.
        tokenKeys.clockOffset = MonotonicInstant.timeSince1970AtStart()
        self.tokenKeys = tokenKeys
        self.tls = tls
        address = configuration.listenAddress
        processors = configuration.pinsWorkers ? .current() : nil
        inboxes = (0..<configuration.workerCount).map { _ in HandOverInbox() }
    }

    /// Starts the next worker, on a socket of its own.
    ///
    /// - Parameter reference: The worker as other threads see it.
    mutating func startWorker(
        _ reference: WorkerReference,
        services: sending [any StreamService]
    ) throws(ServerError) {
        precondition(reference.index == workers.count, "workers start in their order")
        let endpoint = Endpoint(configuration: endpointConfiguration, tls: tls, services: services)
        // Counted for this endpoint alone.
        if let number = FaultInjection.failingAllocation {
            endpoint.ledger.failAllocation = .once(at: number)
        } else if let interval = FaultInjection.failingAllocationInterval {
            endpoint.ledger.failAllocation = .every(interval)
        }
        let worker: Worker
        do throws(SocketError) {
            worker = try Worker(
                reference: reference,
                socket: bind(),
                endpoint: endpoint,
                services: services,
                inboxes: inboxes
            )
        } catch {
            throw .socket(error)
        }
        workers.append(try WorkerThread(running: worker, reference.index, on: processors))
    }

    /// A socket on the group's address; the last one tells the kernel how to spread datagrams over all of them.
    private mutating func bind() throws(SocketError) -> UDPSocket {
        let isShared = configuration.workerCount > 1
        let socket = isShared && workers.isEmpty ? try bindFirst() : try bindNext(isShared: isShared)
        address = socket.boundAddress
        if isShared, configuration.steersDatagrams, workers.count == configuration.workerCount - 1 {
            try ReuseportSteering.attach(to: socket, workerCount: configuration.workerCount)
        }
        return socket
    }

    /// The first of several sockets that share a port.
    private mutating func bindFirst() throws(SocketError) -> UDPSocket {
        for _ in 1..<Self.bindingAttemptsLimit where configuration.listenAddress.port == 0 {
            // Another process may take the port that the system chose, before it is bound again.
            if let socket = try? bindFirstOnce() { return socket }
            address = configuration.listenAddress
        }
        return try bindFirstOnce()
    }

    private mutating func bindFirstOnce() throws(SocketError) -> UDPSocket {
        // Sockets that share a port also join another process's: only one that does not share finds the port taken.
        address = try UDPSocket(bindingTo: address).boundAddress
        return try bindNext(isShared: true)
    }

    private func bindNext(isShared: Bool) throws(SocketError) -> UDPSocket {
        try UDPSocket(bindingTo: address, options: UDPSocket.Options(reusePort: isShared, receiveOffload: true))
    }

    private static let bindingAttemptsLimit = 8

    private var endpointConfiguration: EndpointConfiguration {
        var endpoint = EndpointConfiguration()
        endpoint.transport = configuration.transport
        endpoint.admission = configuration.admission
        endpoint.eventLogCapacity = configuration.eventLogCapacity
        endpoint.workerIndex = UInt8(workers.count)
        endpoint.workerCount = configuration.workerCount
        endpoint.resetSecret = configuration.resetSecret
        endpoint.tokenKeys = tokenKeys
        endpoint.oneTimeTokens = oneTimeTokens
        endpoint.memoryBudget = memoryBudget
        return endpoint
    }
}

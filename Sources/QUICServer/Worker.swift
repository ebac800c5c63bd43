import BoundedMemory
import DatagramIO
import Datagrams
import QUICEndpoint
import QUICTransport
import QUICWorkers

/// One thread with one socket, one event loop and one endpoint.
///
/// Workers share nothing but immutable configuration and the inboxes through which they hand datagrams to each other.
///
/// Owns: the socket, the loop, the endpoint, and two batches (about 620 KB; 180 KB where the kernel does not receive with GRO).
/// Released by: the end of ``run()``.
final class Worker {
    /// What other threads ask of a worker.
    enum Command: Sendable {
        case report(@Sendable (ServerStatistics) -> Void)
        case list(@Sendable ([ConnectionReport]) -> Void)
        case listEvents(@Sendable ([EndpointEvent]) -> Void)
        case drain(Duration, whenDrained: @Sendable () -> Void)
        case shutDown
    }

    typealias Mailbox = QUICWorkers.Mailbox<Command>

    let mailbox: Mailbox
    private let endpoint: Endpoint
    private let services: [any StreamService]
    private let inbox: HandOverInbox
    private let reference: WorkerReference
    // Not checked for exclusive access: the worker's thread alone uses them, and none calls out while it changes.
    @safe @exclusivity(unchecked) private var socket: UDPSocket
    @safe @exclusivity(unchecked) private var loop: EventLoop
    private let received: ReceiveBatch
    private let outgoing = TransmitBatch()
    @safe @exclusivity(unchecked) private var trimmer = HeapTrimmer()
    @safe @exclusivity(unchecked) private var trimDeadline: MonotonicInstant?
    @safe @exclusivity(unchecked) private var busyMeter = BusyMeter()
    @safe @exclusivity(unchecked) private var clock = SteadyClock()
    @safe @exclusivity(unchecked) private var isBlocked = false
    /// Those who wait for the end of the last connection.
    private var drainWatchers: [@Sendable () -> Void] = []
    /// Whether tasks may wait of which nothing wakes the worker: before its first turn, and where others had to have theirs.
    @safe @exclusivity(unchecked) private var tasksMayFollow = true

    private static let socketTag: UInt64 = 1
    /// The messages of a batch that have a datagram each.
    private static let messagesPerBatch = 32
    /// The messages of a batch that may have as many as the kernel joins, up to 64 KiB each.
    private static let joinedMessagesPerBatch = 8
    /// Datagrams handled in a row, up to the end of their batch, before what came of them is sent.
    private static let datagramsPerFlush = 32
    /// Datagrams handled in a row, up to the end of their batch, before deadlines and commands get their turn.
    private static let datagramsPerTurn = 256

    /// Handed-over datagrams handled in a row before what came of them is sent.
    private static let handOversPerFlush = 32
    /// Pieces of other threads' work done in a row before packets that come of them are sent.
    private static let workPerFlush = 64
    /// How often in a row tasks that wait are run before what came of them is sent.
    private static let taskRoundsPerTurn = 16

    /// - Parameters:
    ///   - reference: This worker as other threads see it: its index is that of its connection IDs, and of its own inbox.
    ///   - services: Those of `endpoint`, for other threads' work.
    ///   - inboxes: Those of all workers of the server, in their order.
    init(
        reference: WorkerReference,
        socket: consuming UDPSocket,
        endpoint: Endpoint,
        services: [any StreamService],
        inboxes: [HandOverInbox]
    ) throws(SocketError) {
        let loop = try EventLoop()
        try loop.add(socket, tag: Self.socketTag)
        mailbox = Mailbox(waker: loop.waker)
        received = ReceiveBatch(
            messageCapacity: socket.usesReceiveOffload ? Self.joinedMessagesPerBatch : Self.messagesPerBatch,
            receiveOffload: socket.usesReceiveOffload
        )
        inbox = inboxes[reference.index]
        endpoint.onOtherWorker = { worker, datagram, path, ecn in
            inboxes.indices.contains(worker) && inboxes[worker].put(datagram, path: path, ecn: ecn)
        }
        inbox.open(waking: loop.waker)
        reference.work.open(waking: loop.waker)
        endpoint.executor = reference.work
        self.reference = reference
        self.services = services
        self.endpoint = endpoint
        self.loop = loop
        self.socket = socket
    }

    /// Serves until told to shut down and everything is sent.
    ///
    /// - Returns: The last statistics.
    @inline(never)  // Benchmarks/instructions counts from here on.
    func run() throws(SocketError) -> ServerStatistics {
        defer {
            closeInboxes()
            answerLateCommands()
            tellDrained()
        }
        reference.tasks.begin(waking: loop.waker)
        do throws(SocketError) {
            try serve()
        } catch {
            endpoint.fail()
            throw error
        }
        // Otherwise the last statistics would show elements that wait for connections that are gone.
        closeInboxes()
        return statistics
    }

    private func serve() throws(SocketError) {
        while !(endpoint.isShutDown && outgoing.isEmpty) {
            let start = clock.now()
            let wakeup = try loop.wait(until: nextDeadline, now: start)
            let now = clock.now()
            busyMeter.noteWait(from: start, to: now)
            endpoint.isBusy = busyMeter.isBusy
            var isReadable = false
            for index in 0..<wakeup.readyCount {
                let ready = loop.ready(index)
                if ready.isWritable { try unblock() }
                isReadable = isReadable || ready.isReadable
            }
            if wakeup.wasWoken {
                execute(mailbox.takeAll())
                try receiveHandedOver(at: now)
                try doWork(at: now)
            }
            try turn(at: now, isReadable: isReadable)
            if endpoint.isDrained { tellDrained() }
        }
    }

    private var nextDeadline: MonotonicInstant? {
        // While the socket takes nothing, only its becoming writable helps a shutdown.
        if endpoint.isEnding, !isBlocked { return MonotonicInstant(nanoseconds: 0) }
        if tasksMayFollow { return MonotonicInstant(nanoseconds: 0) }
        guard let deadline = endpoint.nextDeadline else { return trimDeadline }
        return trimDeadline.map { min($0, deadline) } ?? deadline
    }

    private var statistics: ServerStatistics {
        var statistics = ServerStatistics()
        statistics.endpoint = endpoint.statistics
        statistics.workers = [WorkerStatistics(statistics.endpoint, isBusy: busyMeter.isBusy)]
        statistics.sockets = SocketTotals(socket.statistics)
        statistics.handOver = inbox.statistics
        statistics.work = reference.work.statistics
        statistics.eventLog = endpoint.eventLog.statistics
        statistics.memory = MemoryBudgetStatistics(endpoint.ledger.share.budget)
        statistics.heapTrims = trimmer.trimCount
        return statistics
    }

    /// Receives what waits, handles what is due, and sends what came of it; one timestamp for each batch.
    ///
    /// - Parameter isReadable: Whether something waits at the socket.
    private func turn(at start: MonotonicInstant, isReadable: Bool) throws(SocketError) {
        var now = start
        var (hasMore, datagramsOfTurn, datagramsToAnswer) = (isReadable, 0, 0)
        while hasMore, datagramsOfTurn < Self.datagramsPerTurn {
            let messages = try socket.receive(into: received)
            guard messages > 0 else { break }
            now = clock.now()
            received.forEach { datagram, path, ecn in endpoint.receive(datagram, path: path, ecn: ecn, at: now) }
            datagramsOfTurn += received.datagramCount
            datagramsToAnswer += received.datagramCount
            // One that is not full has emptied the socket; the loop says when more has come.
            hasMore = messages == received.messageCapacity
            if datagramsToAnswer >= Self.datagramsPerFlush {
                try runTasks(at: now)
                datagramsToAnswer = 0
            }
        }
        if datagramsToAnswer > 0 { try runTasks(at: now) }
        endpoint.expire(at: now)
        try runTasks(at: now)
        trimDeadline = trimmer.update(liveBytes: endpoint.ledger.totalUsage.liveBytes, at: now)
    }

    /// Receives the datagrams that other workers have handed over until now; one timestamp for all of them.
    private func receiveHandedOver(at now: MonotonicInstant) throws(SocketError) {
        try inbox.empty(flushingAfter: Self.handOversPerFlush, { () throws(SocketError) in try flush(at: now) }) {
            datagram in
            datagram.withBytes {
                endpoint.receive($0, path: datagram.path, ecn: datagram.ecn, at: now, isHandedOver: true)
            }
        }
    }

    /// Does the work that other threads have left until now.
    private func doWork(at now: MonotonicInstant) throws(SocketError) {
        endpoint.noteTime(now)
        let scope = WorkScope(connections: endpoint, services: services)
        try reference.work.empty(flushingAfter: Self.workPerFlush, { () throws(SocketError) in try flush(at: now) }) {
            $0.body(scope)
        }
    }

    private func closeInboxes() {
        inbox.close()
        reference.close()
    }

    /// Runs the steps of tasks that wait, and those that follow from them, until datagrams and deadlines have their turn again, and sends.
    ///
    /// An answer that a task gives to datagrams that have just arrived leaves with their acknowledgement.
    private func runTasks(at now: MonotonicInstant) throws(SocketError) {
        endpoint.noteTime(now)
        tasksMayFollow = reference.tasks.run(rounds: Self.taskRoundsPerTurn)
        try flush(at: now)
    }

    /// Sends until there is nothing more to send or the socket takes no more.
    private func flush(at now: MonotonicInstant) throws(SocketError) {
        while !isBlocked {
            if outgoing.isEmpty, endpoint.wantsToTransmit { endpoint.transmit(into: outgoing, at: now) }
            if outgoing.isEmpty { return }
            guard try socket.send(outgoing) == .blocked else { continue }
            isBlocked = true
            try loop.setWantsWrite(true, for: socket, tag: Self.socketTag)
        }
    }

    private func unblock() throws(SocketError) {
        guard isBlocked else { return }
        isBlocked = false
        try loop.setWantsWrite(false, for: socket, tag: Self.socketTag)
    }

    private func execute(_ commands: [Command]) {
        for command in commands {
            switch command {
            case .report(let answer): answer(statistics)
            case .list(let answer): answer(endpoint.reports(at: clock.now()))
            case .listEvents(let answer): answer(endpoint.eventLog.latest)
            case .drain(let timeout, let whenDrained):
                let now = clock.now()
                endpoint.drain(by: now.advanced(by: timeout), at: now)
                drainWatchers.append(whenDrained)
            case .shutDown: endpoint.shutDown()
            }
        }
    }

    private func tellDrained() {
        for watcher in drainWatchers { watcher() }
        drainWatchers = []
    }

    private func answerLateCommands() {
        execute(mailbox.close())
    }
}

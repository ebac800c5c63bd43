internal import BoundedMemory
package import Datagrams
internal import PacketWriter
package import QUICEndpoint
package import QUICTransport

/// Lives of many clients against one server, in virtual time: each comes as far as its ``LifePlan`` says and vanishes.
///
/// Clients begin at random moments, so hundreds of them live at once. Every virtual second, and whenever the last one has
/// ended, what the server holds is checked against what it may hold; see ``violations``.
package final class LifeSimulation {
    /// What is different from one simulation to another.
    package struct Settings: Sendable {
        /// Clients that begin in a virtual second, on average.
        package var livesPerSecond = 1_000
        /// When the server asks clients to prove their addresses.
        package var retryPolicy = RetryPolicy.never
        /// Whether the server follows clients that move. Without it the lives that are to vanish in migration do not get
        /// that far.
        package var allowsMigration = true
        /// How long a handshake may take.
        package var handshakeTimeout = Duration.seconds(3)
        /// How long a silent connection lives.
        package var idleTimeout = Duration.seconds(5)

        /// A thousand lives a second, without Retry.
        package init() {}
    }

    /// Where everything random comes from.
    package let seed: UInt64
    /// What it was made with.
    package let settings: Settings
    /// The server.
    package let server: Endpoint
    /// All clients.
    package let client: ClientEndpoint
    /// The virtual time.
    package private(set) var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    /// What became of the lives so far.
    package private(set) var table = LifeTable()
    /// The most connections the server had at once.
    package internal(set) var mostLive = 0
    /// Sentences about what was not as it must be; the first few of them.
    package internal(set) var violations: [String] = []

    var network: SimulatedNetwork
    let batch = TransmitBatch()
    /// Clients by the port they began with.
    private var lives = [Life?](repeating: nil, count: Int(Life.movedPortBit))
    private var generator: SeededGenerator
    private var begun = 0
    private var leftToBegin = 0
    private var nextBeginning = MonotonicInstant.distantFuture
    /// Clients whose turn it is to act, once the current event is over.
    private var acting: [Life] = []
    /// Clients that may be over now.
    private var ended: [Life] = []
    /// Whose datagram the server is handling.
    private var receiving: Life?
    private var handles = AcceptedHandles()
    /// The connections of the server that ended since it was last empty.
    var closedHandles: Set<ConnectionHandle> = []
    /// How many had ended before that.
    var closedBefore = 0
    /// The server's connections that were found to belong to a client.
    var acceptedCount = 0
    /// Clients that have begun and are not over.
    private(set) var unfinishedCount = 0

    /// - Parameter services: The server's; one of them has to be the echo.
    package init(seed: UInt64, services: [any StreamService], settings: Settings = Settings()) throws {
        self.seed = seed
        self.settings = settings
        var configuration = EndpointConfiguration()
        configuration.seed = seed
        configuration.transport.handshakeTimeout = settings.handshakeTimeout
        configuration.transport.idleTimeout = settings.idleTimeout
        configuration.transport.allowsMigration = settings.allowsMigration
        configuration.admission.retryPolicy = settings.retryPolicy
        // Ports number the lives here, those of ``BlockedPorts`` too.
        configuration.admission.blocksPorts = false
        let protocols = try ApplicationProtocols(services.map(\.applicationProtocol))
        let tls = try TLSServerContext(certificate: .selfSigned, protocols: protocols)
        server = Endpoint(configuration: configuration, tls: tls, services: services)
        var clientConfiguration = configuration
        clientConfiguration.seed = ~seed
        clientConfiguration.closingLimit = 0
        client = ClientEndpoint(
            configuration: clientConfiguration,
            tls: try TLSClientContext(protocols: try ApplicationProtocols(["echo"])),
            service: CreditingClient()
        )
        network = SimulatedNetwork(seed: seed)
        generator = SeededGenerator(seed: seed)
        observe()
    }

    /// Begins `count` lives, and runs until nothing is left of any.
    package func run(lives count: Int) {
        leftToBegin = count
        nextBeginning = count > 0 ? now : .distantFuture
        var nextCheck = now.advanced(by: .seconds(1))
        var watchdog = SimulationWatchdog()
        while let next = nextEvent {
            guard watchdog.allows(next, hasMoreToCome: leftToBegin > 0) else {
                note("the simulation does not come to an end")
                break
            }
            now = max(now, next)
            beginDueLives()
            deliver()
            if let deadline = server.nextDeadline, deadline <= now { server.expire(at: now) }
            if let deadline = client.nextDeadline, deadline <= now { client.expire(at: now) }
            settle()
            if now >= nextCheck {
                checkBounds()
                nextCheck = now.advanced(by: .seconds(1))
            }
        }
        checkEverythingReturned()
        releaseSpace()
    }

    /// Gives back what the simulation itself keeps for as many lives as there were at once, so that a heap that has grown
    /// from one run to the next has grown because of the connections.
    private func releaseSpace() {
        network.releaseSpace()
        handles.forgetSlots()
        closedHandles = []
        acting = []
        ended = []
    }

    private var nextEvent: MonotonicInstant? {
        var next = nextBeginning
        if let arrival = network.nextArrival { next = min(next, arrival) }
        if let deadline = server.nextDeadline { next = min(next, deadline) }
        if let deadline = client.nextDeadline { next = min(next, deadline) }
        return next == .distantFuture ? nil : next
    }
}

// MARK: - Beginning and end

extension LifeSimulation {
    private func beginDueLives() {
        while nextBeginning <= now {
            begin()
            leftToBegin -= 1
            let mean = 1 / Double(settings.livesPerSecond)
            let gap = Duration.seconds(Double.random(in: 0...(2 * mean), using: &generator))
            nextBeginning = leftToBegin > 0 ? nextBeginning.advanced(by: gap) : .distantFuture
        }
    }

    private func begin() {
        let plan = LifePlan(number: begun, using: &generator)
        let port = UInt16(begun % lives.count)
        begun += 1
        let life = Life(plan: plan, address: SocketAddress(ipv4: 198, 51, 100, 7, port: port))
        let path = NetworkPath(local: life.address, remote: Pair.serverAddress)
        guard lives[Int(port)] == nil, let connection = try? client.connect(path: path, at: now) else {
            return note("a life could not begin: its port is still in use, or there is no memory")
        }
        connection.context = life
        life.connection = connection
        lives[Int(port)] = life
        unfinishedCount += 1
    }

    /// Whose address this is.
    func life(at address: SocketAddress) -> Life? {
        lives[Int(address.port & ~Life.movedPortBit)]
    }

    private func observe() {
        client.onEstablish = { [unowned self] connection in clientDidEstablish(connection) }
        client.onWake = { [unowned self] connection in
            if let life = connection.context as? Life { acting.append(life) }
        }
        client.onClose = { [unowned self] connection, _ in
            guard let life = connection.context as? Life else { return }
            life.connection = nil
            ended.append(life)
        }
        server.onClose = { [unowned self] connection, cause in serverDidClose(connection, cause) }
    }

    private func serverDidClose(_ connection: Connection, _ cause: CloseCause) {
        handles.noteEnd(of: connection.handle)
        if !closedHandles.insert(connection.handle).inserted { note("a connection was closed twice") }
        if connection.state != .closed || !connection.account.isEmpty { note("a closed connection holds memory") }
        guard let life = connection.context as? Life ?? receiving else {
            return note("a connection that belongs to nobody was closed: \(cause.label)")
        }
        if connection.context == nil { adopt(connection.handle, by: life) }
        life.serverEnd = (now, cause)
        ended.append(life)
    }

    private func adopt(_ handle: ConnectionHandle, by life: Life) {
        // Unless its first packet, sent again just before it gave up, arrived just after the server's deadline.
        if life.serverHandle != nil, life.serverEnd?.cause != .handshakeTimeout {
            note("a client got a second connection: \(life.plan)")
        }
        acceptedCount += 1
        life.serverHandle = handle
    }

    /// How many slots the server's table has had since it was last empty.
    var slotCount: Int { handles.slotCount }

    private func forgetEnded() {
        for life in ended where life.isOver && lives[Int(life.address.port)] === life {
            lives[Int(life.address.port)] = nil
            checkHolding(life)
            table.count(life)
            unfinishedCount -= 1
        }
        ended.removeAll(keepingCapacity: true)
    }
}

// MARK: - Acting

extension LifeSimulation {
    private func clientDidEstablish(_ connection: Connection) {
        guard let life = connection.context as? Life else { return }
        switch life.plan.point {
        case .afterInitial, .halfClientHello, .afterFinished: break
        case .afterServersFlight, .streamOpen, .halfSentStream, .unacknowledgedEcho: acting.append(life)
        case .inKeyUpdate, .inMigration, .inClosing:
            connection.applicationDeadline = now.advanced(by: life.plan.pause)
        }
    }

    private func act() {
        // Nothing here is an event of the transport, so nothing is appended meanwhile.
        for life in acting {
            guard let connection = life.connection, life.vanishedAt == nil else { continue }
            switch life.plan.point {
            case .afterServersFlight: vanishAtPoint(life)
            case .inKeyUpdate: updateKeys(of: connection, life)
            case .inMigration: move(life, connection)
            case .inClosing: closeFromServer(life, connection)
            default: send(life, on: connection)
            }
        }
        acting.removeAll(keepingCapacity: true)
    }

    private func send(_ life: Life, on connection: Connection) {
        let message = [UInt8](repeating: UInt8(truncatingIfNeeded: begun), count: life.plan.messageBytes)
        guard let stream = try? connection.openStream(), (try? stream.write(message)) != nil else {
            return note("a stream could not be opened, or did not take a message")
        }
        if life.plan.point == .halfSentStream || life.plan.point == .unacknowledgedEcho { stream.finish() }
        client.touch(connection)
    }

    private func updateKeys(of connection: Connection, _ life: Life) {
        if (try? connection.updateKeys(at: now)) != nil {
            send(life, on: connection)
        } else {
            // RFC 9001 §6.1: not before the handshake is confirmed. A lost HANDSHAKE_DONE is sent again.
            retry(connection)
        }
    }

    private func move(_ life: Life, _ connection: Connection) {
        life.hasMoved = true
        send(life, on: connection)
    }

    private func closeFromServer(_ life: Life, _ connection: Connection) {
        guard let handle = life.serverHandle, let accepted = server.connection(handle), !accepted.isHandshaking else {
            return retry(connection)
        }
        let recordsBefore = server.ledger.usage(of: .closing)
        life.recordPeriod = accepted.closingPeriod
        server.close(handle, at: now)
        let records = server.ledger.usage(of: .closing)
        // The record, its IDs and its packet.
        if records.liveBlocks != recordsBefore.liveBlocks + 3 { note("the server closed and keeps no record") }
        vanish(life)
        life.bytesHeld = records.liveBytes - recordsBefore.liveBytes
    }

    private func retry(_ connection: Connection) {
        connection.applicationDeadline = now.advanced(by: .milliseconds(100))
        client.touch(connection)
    }

    /// Lets a client vanish if the server's side is where its plan wants it.
    private func vanishAtPoint(_ life: Life) {
        guard life.vanishedAt == nil, let handle = life.serverHandle, let accepted = server.connection(handle),
            life.hasReachedPoint(at: accepted)
        else { return }
        life.bytesHeld = accepted.account.liveBytes
        vanish(life)
    }

    private func vanish(_ life: Life) {
        guard let connection = life.connection else { return }
        life.vanishedAt = now
        switch life.plan.manner {
        case .silence, .sourceAddressGone: client.abandon(connection, at: now)
        case .closeLost, .closeDelivered: client.close(connection, at: now)
        }
    }
}

// MARK: - Datagrams

extension LifeSimulation {
    private func deliver() {
        while let transit = network.popArrived(by: now) {
            if transit.path.local == Pair.serverAddress {
                deliverToServer(transit)
            } else {
                deliverToClient(transit)
            }
        }
    }

    private func deliverToServer(_ transit: SimulatedNetwork.Transit) {
        guard let life = life(at: transit.path.remote) else { return note("a datagram arrived of a life that is over") }
        life.datagramsUnderWay -= 1
        if life.connection == nil { ended.append(life) }
        if life.isCut { return }
        receiving = life
        // Each datagram has a turn of its own, as on a server with time to spare, and a handshake never has to wait.
        server.expire(at: now)
        unsafe server.receive(transit.bytes.span.bytes, path: transit.path, ecn: transit.ecn, at: now)
        receiving = nil
        if life.serverHandle == nil || life.serverEnd != nil, let accepted = handles.findNext(in: server) {
            accepted.context = life
            adopt(accepted.handle, by: life)
        }
        vanishAtPoint(life)
    }

    private func deliverToClient(_ transit: SimulatedNetwork.Transit) {
        // A translated address is translated back.
        var path = transit.path
        path.local.port &= ~Life.movedPortBit
        unsafe client.receive(transit.bytes.span.bytes, path: path, ecn: transit.ecn, at: now)
        act()
    }

    /// Puts everything both sides have to send onto the network.
    private func settle() {
        act()
        repeat {
            server.transmit(into: batch, at: now)
            let serverSent = !batch.isEmpty
            carryFromServer()
            client.transmit(into: batch, at: now)
            if batch.isEmpty && !serverSent { break }
            carryFromClient()
        } while true
        forgetEnded()
    }

    private func carryFromServer() {
        for entry in batch.entries {
            let life = life(at: entry.path.remote)
            if let life, life.hasMoved, entry.path.remote == life.currentAddress {
                life.isChallenged = true
                vanishAtPoint(life)
            }
            if life?.isUnreachable == true { continue }
            let bytes = batch.withBytes(of: entry) { Array(copying: $0) }
            network.carry(bytes, path: entry.path.reversed, ecn: entry.ecn, under: life?.plan.conditions, at: now)
        }
        batch.removeAll()
    }

    private func carryFromClient() {
        for entry in batch.entries {
            guard let life = life(at: entry.path.local), !life.isCut else { continue }
            var bytes = batch.withBytes(of: entry) { Array(copying: $0) }
            if life.plan.point == .halfClientHello, life.vanishedAt == nil {
                bytes = HalfClientHello.instead(of: bytes)
            }
            let path = NetworkPath(local: Pair.serverAddress, remote: life.currentAddress)
            let copies = network.carry(bytes, path: path, ecn: entry.ecn, under: life.conditions, at: now)
            life.datagramsUnderWay += copies
        }
        batch.removeAll()
    }

    /// Adds a sentence to ``violations``, once.
    func note(_ sentence: String) {
        guard violations.count < 20, !violations.contains(where: { $0.hasSuffix(sentence) }) else { return }
        let milliseconds = now.nanoseconds / 1_000_000
        violations.append("seed \(seed), at \(milliseconds) ms: \(sentence)")
    }
}

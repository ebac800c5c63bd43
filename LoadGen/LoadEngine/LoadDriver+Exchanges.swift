import Datagrams
import LoadModel
import QUICEndpoint
import QUICTransport

/// The messages of established connections.
extension LoadDriver {
    /// How soon a stream that the server's limit did not allow is asked for again.
    private static let streamRetryInterval = Duration.milliseconds(1)

    /// Sends the first message of each stream.
    func beginExchanges(on connection: Connection, _ life: ClientLife) {
        life.phase = .exchanging
        life.reading = scenario.readBytesPerSecond.map { ReadPace(bytesPerSecond: $0) }
        life.exchanges = (0..<scenario.streams).map { _ in Exchange(messages: scenario.messages, at: now) }
        for exchange in life.exchanges where life.outcome == nil { sendMessage(of: exchange, on: connection) }
    }

    /// Does what has become due on a connection's streams.
    func continueExchanges(on connection: Connection, _ life: ClientLife) {
        read(on: connection, life)
        if life.wantsKeyUpdate { updateKeys(of: connection, life) }
        if life.wantsRebind { rebind(connection, life) }
        for exchange in life.exchanges where exchange.deadline <= now && life.outcome == nil {
            switch exchange.state {
            case .resting: sendMessage(of: exchange, on: connection)
            case .blocked: retry(exchange, on: connection)
            case .sent: finish(connection, .echoTimedOut, politely: true)
            case .done: break
            }
        }
        for exchange in life.exchanges where exchange.state != .done { awaitDeadline(of: exchange, on: connection) }
    }

    func didAnswer(_ connection: Connection, _ exchange: Exchange) {
        guard let life = connection.context as? ClientLife, life.outcome == nil else { return }
        guard exchange.isIntact, exchange.state == .sent else {
            return finish(connection, .echoMismatch, politely: true)
        }
        note(answerTo: exchange, life)
        exchange.messagesLeft -= 1
        if exchange.messagesLeft == 0 {
            exchange.state = .done
            if life.exchanges.allSatisfy({ $0.state == .done }) { concludeExchanges(on: connection, life) }
        } else if scenario.thinkTime == .zero, !life.wantsKeyUpdate, !life.wantsRebind {
            exchange.deadline = now
            sendMessage(of: exchange, on: connection)
        } else {
            exchange.state = .resting
            exchange.deadline = now.advanced(by: scenario.thinkTime)
            awaitDeadline(of: exchange, on: connection)
            // What ngtcp2 does not take while it reads a packet comes right after it.
            if life.wantsKeyUpdate || life.wantsRebind { connection.applicationDeadline = now }
        }
    }

    /// Has the connection woken to read what has just arrived.
    func didLeaveUnread(_ connection: Connection) {
        guard let life = connection.context as? ClientLife else { return }
        life.reading?.begin(at: now)
        awaitReading(on: connection)
    }

    /// Gives the server credit for what a slow reader has read by now.
    private func read(on connection: Connection, _ life: ClientLife) {
        for exchange in life.exchanges where exchange.unreadBytes > 0 {
            guard let stream = exchange.stream, let count = life.reading?.read(exchange.unreadBytes, at: now) else {
                return
            }
            exchange.unreadBytes -= count
            stream.extendCredit(count)
        }
        if life.exchanges.contains(where: { $0.unreadBytes > 0 }) {
            awaitReading(on: connection)
        } else {
            life.reading?.end()
        }
    }

    private func awaitReading(on connection: Connection) {
        connection.applicationDeadline = min(connection.applicationDeadline, now.advanced(by: ReadPace.interval))
    }

    private func note(answerTo exchange: Exchange, _ life: ClientLife) {
        let latency = exchange.messageStart.duration(to: now)
        result.echo.record(latency)
        latelyEcho.record(latency)
        result.traffic.messages += 1
        life.answeredCount += 1
        if life.answeredCount == 1 {
            result.outcomes.used += 1
            result.firstAnswer.record(life.intendedStart.duration(to: now))
        }
        if let every = scenario.keyUpdateEvery, life.answeredCount.isMultiple(of: every) { life.wantsKeyUpdate = true }
        if let every = scenario.rebindEvery, life.answeredCount.isMultiple(of: every) { life.wantsRebind = true }
    }

    private func concludeExchanges(on connection: Connection, _ life: ClientLife) {
        result.outcomes.echoed += 1
        life.exchanges = []
        hold(connection, life)
    }

    /// Sends the next message, which was meant to be sent at the exchange's deadline.
    private func sendMessage(of exchange: Exchange, on connection: Connection) {
        exchange.messageStart = exchange.deadline
        trySending(exchange, on: connection)
    }

    /// Asks once more for a stream, until the message is too late.
    private func retry(_ exchange: Exchange, on connection: Connection) {
        guard exchange.messageStart.duration(to: now) < scenario.echoTimeout else {
            return finish(connection, .echoTimedOut, politely: true)
        }
        trySending(exchange, on: connection)
    }

    private func trySending(_ exchange: Exchange, on connection: Connection) {
        do {
            exchange.state = .sent
            exchange.deadline = now.advanced(by: scenario.echoTimeout)
            try service.sendMessage(of: exchange, on: connection)
        } catch let error as QUICError where error.isStreamLimit {
            exchange.state = .blocked
            exchange.deadline = now.advanced(by: Self.streamRetryInterval)
        } catch {
            return finish(connection, .transportError, politely: true)
        }
        awaitDeadline(of: exchange, on: connection)
    }

    /// Has the connection woken at the exchange's deadline, or earlier.
    private func awaitDeadline(of exchange: Exchange, on connection: Connection) {
        connection.applicationDeadline = min(connection.applicationDeadline, exchange.deadline)
    }

    private func updateKeys(of connection: Connection, _ life: ClientLife) {
        life.wantsKeyUpdate = false
        do {
            try connection.updateKeys(at: now)
            result.traffic.keyUpdates += 1
        } catch {
            result.traffic.keyUpdatesRefused += 1
        }
    }

    private func rebind(_ connection: Connection, _ life: ClientLife) {
        life.wantsRebind = false
        life.socketIndex = (life.socketIndex + 1) % sockets.count
        connection.rebind(to: sockets.localAddress(of: life.socketIndex))
        result.traffic.rebinds += 1
    }
}

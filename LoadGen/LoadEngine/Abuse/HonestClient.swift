import DatagramIO
import Datagrams
import LoadModel
import QUICEndpoint
import QUICTransport
import Synchronization

/// A client that wants nothing but an answer now and then, and notes how long it takes.
///
/// Owns: a connection and a socket, on the thread that runs it, and 20 notes of 32 bytes a second. Released by: the end of
/// ``run()``, and `deinit`.
final class HonestClient: Sendable {
    /// An answer, or the lack of one.
    private struct Note {
        let time: MonotonicInstant
        /// Nil when there was none.
        let latency: Duration?
    }

    private struct State {
        var notes: [Note] = []
        var isStopped = false
    }

    private let target: SocketAddress
    private let applicationProtocol: String
    private let state = Mutex(State())

    /// Twenty messages a second.
    private static let interval = Duration.milliseconds(50)
    private static let answerTimeout = Duration.seconds(10)
    private static let messageBytes = 64

    init(target: SocketAddress, applicationProtocol: String) {
        self.target = target
        self.applicationProtocol = applicationProtocol
    }

    /// Ends ``run()``.
    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// How many answers there were.
    var answers: Int { state.withLock { $0.notes.count { $0.latency != nil } } }

    /// How it fared since `start`.
    func figures(since start: MonotonicInstant) -> AbuseOutcome.Honest {
        let notes = state.withLock { $0.notes.filter { $0.time >= start } }
        var recorder = LatencyRecorder()
        for latency in notes.compactMap(\.latency) { recorder.record(latency) }
        var honest = AbuseOutcome.Honest()
        honest.echoes = recorder.count
        honest.failures = notes.count { $0.latency == nil }
        honest.p50Microseconds = recorder.summary.p50
        honest.p99Microseconds = recorder.summary.p99
        return honest
    }

    fileprivate var isStopped: Bool { state.withLock { $0.isStopped } }

    fileprivate func note(_ latency: Duration?) {
        state.withLock { $0.notes.append(Note(time: .now(), latency: latency)) }
    }

    /// Sends and waits, over and over, until it is stopped; begins anew where its connection ends.
    func run() throws {
        while !isStopped {
            let life = try HonestLife(of: self, target: target, applicationProtocol: applicationProtocol)
            try life.run(every: Self.interval, answerTimeout: Self.answerTimeout)
        }
    }

    /// One connection of the client.
    private final class HonestLife {
        private let client: HonestClient
        private let endpoint: ClientEndpoint
        private let service: LoadService
        private let sockets: ClientSockets
        private let connection: Connection
        private let exchange: Exchange
        private let batch = TransmitBatch()
        private var now = MonotonicInstant.now()
        private var sentAt: MonotonicInstant?

        init(of client: HonestClient, target: SocketAddress, applicationProtocol: String) throws {
            self.client = client
            var scenario = LoadScenario(mode: .echo)
            scenario.applicationProtocol = applicationProtocol
            let profile = ApplicationProfile(scenario)
            service = LoadService(
                applicationProtocol: applicationProtocol,
                profile: profile,
                messageBytes: HonestClient.messageBytes,
                usesFreshStreams: true,
                seed: 1
            )
            var configuration = EndpointConfiguration()
            configuration.transport.noProgressTimeout = nil
            configuration.transport.acknowledgementTimeout = nil
            configuration.transport.peerUnidirectionalStreams = profile.peerUnidirectionalStreams
            let tls = try TLSClientContext(protocols: try ApplicationProtocols([applicationProtocol]))
            endpoint = ClientEndpoint(configuration: configuration, tls: tls, service: service)
            var local = target.anyAddress
            if target.isLoopback {
                local = target
                local.port = 0
            }
            sockets = try ClientSockets(localAddresses: [local], target: target)
            let path = NetworkPath(local: sockets.localAddress(of: 0), remote: target)
            connection = try endpoint.connect(path: path, at: now)
            exchange = Exchange(messages: .max, at: now)
            service.onAnswer = { [unowned self] _, exchange in answer(exchange) }
        }

        func run(every interval: Duration, answerTimeout: Duration) throws {
            var nextMessage = now
            while !client.isStopped, connection.state != .closed {
                try turn(until: nextMessage)
                if let sentAt, sentAt.duration(to: now) > answerTimeout { break }
                guard now >= nextMessage, sentAt == nil, connection.state == .established else { continue }
                nextMessage = now.advanced(by: interval)
                // A stream is not granted yet; the next turn asks again.
                guard (try? service.sendMessage(of: exchange, on: connection)) != nil else { continue }
                sentAt = now
                endpoint.touch(connection)
            }
            if !client.isStopped { client.note(nil) }
            endpoint.close(connection, at: now)
            try transmit()
            endpoint.removeClosingRecords()
        }

        private func answer(_ exchange: Exchange) {
            if let sentAt { client.note(exchange.isIntact ? sentAt.duration(to: .now()) : nil) }
            sentAt = nil
        }

        private func turn(until moment: MonotonicInstant) throws {
            try transmit()
            let longest = now.advanced(by: .milliseconds(20))
            let readable = try sockets.wait(until: min(longest, endpoint.nextDeadline ?? longest), now: now)
            now = .now()
            for index in readable {
                _ = try sockets.receive(at: index) { endpoint.receive($0, path: $1, ecn: $2, at: now) }
            }
            if let deadline = endpoint.nextDeadline, deadline <= now { endpoint.expire(at: now) }
            try transmit()
        }

        private func transmit() throws {
            try sockets.flushWaiting()
            repeat {
                endpoint.transmit(into: batch, at: now)
                if batch.isEmpty { return }
                try sockets.send(batch)
            } while true
        }
    }
}

import Datagrams
import QUICEndpoint
import QUICTesting
import QUICTransport
import SeededRandom
import Testing

/// Services that use any connection from any of their methods, at both ends.
@Suite struct ReentranceTests {
    /// A service that gives commands at random to the connections it has seen, from each of its methods, and checks the order in which it
    /// is told of each.
    private final class Meddler: StreamService {
        let applicationProtocol = "echo"
        /// The time of the endpoint.
        var now: () -> MonotonicInstant = { MonotonicInstant(nanoseconds: 0) }
        /// Ends a connection at its endpoint; nil where there is no such command.
        var end: ((Connection) -> Void)?
        private(set) var faults: [String] = []
        private(set) var opened = 0
        private(set) var closed = 0
        private var generator: SeededGenerator
        private var connections: [Connection] = []
        private var streams: [Stream] = []
        private var states: [ConnectionHandle: Bool] = [:]
        private var depth = 0

        init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

        private func told(_ event: String, of connection: Connection, meddles: Bool = true) {
            if states[connection.handle] != true { faults.append("\(event) of \(connection.handle)") }
            if meddles { meddle(inside: connection) }
        }

        /// Gives a few commands.
        func meddle(inside present: Connection?) {
            depth += 1
            defer { depth -= 1 }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                guard let connection = connections.suffix(30).randomElement(using: &generator) else { return }
                switch Int.random(in: 0..<24, using: &generator) {
                case 0: connection.close(code: 3)
                case 1 where depth == 1 && connection !== present && present != nil: end?(connection)
                case 2...5: if let stream = try? connection.openStream() { write(stream) }
                case 6: connection.keepAlive(every: .milliseconds(300))
                case 7...8:
                    if connection.state != .closed {
                        connection.applicationDeadline = now().advanced(
                            by: .milliseconds(Int64.random(in: 0...1_000, using: &generator))
                        )
                    }
                case 9: try? connection.updateKeys(at: now())
                default:
                    guard let stream = streams.suffix(60).randomElement(using: &generator) else { continue }
                    switch Int.random(in: 0..<8, using: &generator) {
                    case 0: stream.reset(code: 9)
                    case 1: stream.finish()
                    default: write(stream)
                    }
                }
            }
        }

        private func write(_ stream: Stream) {
            streams.append(stream)
            try? stream.write([UInt8](repeating: 5, count: Int.random(in: 1...2_000, using: &generator)))
            if Bool.random(using: &generator) { stream.finish() }
        }

        func admission(of connection: Connection) -> ConnectionAdmission {
            meddle(inside: connection)
            return Int.random(in: 0..<20, using: &generator) == 0 ? .refuse(code: 1, reasonPhrase: "") : .accept
        }

        func connectionDidOpen(_ connection: Connection) {
            if states[connection.handle] != nil { faults.append("\(connection.handle) opened twice") }
            states[connection.handle] = true
            connections.append(connection)
            opened += 1
            meddle(inside: connection)
            if Int.random(in: 0..<10, using: &generator) == 0 { connection.close(code: 2) }
        }

        func connectionDidClose(_ connection: Connection, _ report: CloseReport) {
            told("the end", of: connection)
            states[connection.handle] = false
            closed += 1
        }

        func connectionShouldFinish(_ connection: Connection) { told("a drain", of: connection) }
        func connectionDidWake(_ connection: Connection) { told("a moment", of: connection) }
        func connection(_ connection: Connection, mayOpen _: StreamDirection) { told("streams", of: connection) }

        func streamDidOpen(_ stream: Stream) {
            streams.append(stream)
            told("a stream", of: stream.connection)
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
            told("bytes", of: stream.connection)
            if isFinal { stream.finish() }
        }

        func stream(_ stream: Stream, didRelease count: Int) { told("an acknowledgement", of: stream.connection) }

        func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
            stream.reset(code: code)
            told("a cancellation", of: stream.connection)
        }

        func streamDidClose(_ stream: Stream) { told("the end of a stream", of: stream.connection) }
    }

    @Test(arguments: UInt64(1)...12)
    func servicesMayUseAnyConnectionFromAnyMethod(seed: UInt64) throws {
        let (server, client) = (Meddler(seed: seed), Meddler(seed: seed &+ 1_000))
        let pair = try Pair(
            seed: seed,
            services: [server],
            clientService: client,
            conditions: .init(latency: .milliseconds(3), jitter: .milliseconds(2), loss: 0.02, duplication: 0.02)
        )
        pair.tick = .milliseconds(Int64(seed % 3))
        for service in [server, client] { service.now = { [unowned pair] in pair.now } }
        client.end = { [unowned pair] in pair.client.abandon($0, at: pair.now) }
        pair.client.willOpen = { [unowned client] in client.meddle(inside: $0) }
        pair.client.onEstablish = { [unowned client] in client.meddle(inside: $0) }
        pair.client.onWake = { [unowned client] in client.meddle(inside: $0) }
        pair.client.onClose = { [unowned client] connection, _ in client.meddle(inside: connection) }
        for round in 0..<40 {
            for _ in 0..<3 { _ = try pair.connect() }
            pair.run(for: .milliseconds(40))
            if round % 4 == 0 {
                client.meddle(inside: nil)
                server.meddle(inside: nil)
            }
        }
        #expect(server.opened > 60 && client.opened > 60)
        if seed.isMultiple(of: 2) {
            pair.server.drain(by: pair.now.advanced(by: .seconds(3)), at: pair.now)
        } else {
            pair.server.shutDown()
        }
        pair.run(for: .seconds(180))
        #expect(server.faults.isEmpty && client.faults.isEmpty, "\(server.faults) \(client.faults)")
        #expect(server.closed == server.opened && client.closed == client.opened)
        #expect(pair.server.accountsAddUp)
        #expect(pair.server.statistics.connections.live == 0 && pair.client.counts.live == 0)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

import Datagrams
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// The events of connections that a service is told of, and the commands it may give from there.
@Suite struct ServiceEventTests {
    /// A service that notes every event, and does what a test asks for in some of them.
    private final class Witness: StreamService {
        let applicationProtocol = "echo"
        var events: [String] = []
        var reports: [CloseReport] = []
        var contexts: [String] = []
        var connections: [Connection] = []
        var streams: [Stream] = []
        var admission = ConnectionAdmission.accept
        /// Called in each event, with its name.
        var onEvent: (String, Connection) -> Void = { _, _ in }
        var onReceive: (RawSpan, Stream) -> Void = { _, _ in }

        private final class Name {
            let text: String
            init(_ text: String) { self.text = text }
        }

        private func note(_ event: String, _ connection: Connection) {
            events.append(event)
            onEvent(event, connection)
        }

        func admission(of connection: Connection) -> ConnectionAdmission {
            let port = connection.path?.remote.port ?? 0
            note("admission of \(connection.serverName ?? "no name") at \(port)", connection)
            return admission
        }

        func connectionDidOpen(_ connection: Connection) {
            connections.append(connection)
            connection.context = Name("connection")
            note("open", connection)
        }

        func connectionDidClose(_ connection: Connection, _ report: CloseReport) {
            reports.append(report)
            if let name = connection.context as? Name { contexts.append(name.text) }
            note("close", connection)
        }

        func connectionDidWake(_ connection: Connection) {
            note("wake", connection)
        }

        func streamDidOpen(_ stream: Stream) {
            streams.append(stream)
            stream.context = Name("stream \(stream.id.rawValue)")
            note("stream open", stream.connection)
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            onReceive(bytes, stream)
            stream.extendCredit(bytes.byteCount)
            note("receive", stream.connection)
            if isFinal { stream.finish() }
        }

        func stream(_ stream: Stream, didRelease count: Int) {
            note("release", stream.connection)
        }

        func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
            stream.reset(code: code)
            note("cancel", stream.connection)
        }

        func streamDidClose(_ stream: Stream) {
            if let name = stream.context as? Name { contexts.append(name.text) }
            note("stream close", stream.connection)
        }
    }

    private let witness = Witness()

    private func pair(_ seed: UInt64 = 1) throws -> Pair { try Pair(seed: seed, services: [witness]) }

    @Test func aServiceIsToldOfEachEventOnce() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        _ = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(1))
        _ = try pair.send([], on: connection, isFinal: false)
        connection.close(code: 7, reasonPhrase: "enough")
        pair.run(for: .seconds(1))
        #expect(
            witness.events == [
                "admission of localhost at 10001", "open", "stream open", "receive", "stream close", "close",
            ]
        )
        #expect(witness.contexts == ["stream 0", "connection"])
        #expect(witness.connections.allSatisfy { $0.context == nil && $0.state == .closed })
        #expect(witness.streams.allSatisfy { $0.context == nil && $0.isClosed })
    }

    // RFC 9000 §19.19: "The application-specific variant of CONNECTION_CLOSE (type 0x1d)" has an error code of the application's,
    // and a reason phrase.
    @Test func theCodeAndThePhraseOfAnApplicationArrive() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        connection.close(code: 7, reasonPhrase: "enough")
        connection.close(code: 8, reasonPhrase: "more than enough")
        pair.run(for: .seconds(1))
        let report = try #require(witness.reports.first)
        #expect(report.cause == .peerClose && report.applicationCode == 7 && report.reasonPhrase == "enough")
    }

    @Test func aServerClosesWithACodeAndAPhraseOfAnyLength() throws {
        let client = Witness()
        let pair = try Pair(seed: 1, services: [witness], clientService: client)
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        witness.connections[0].close(code: 1 << 61, reasonPhrase: String(repeating: "€", count: 5_000))
        pair.run(for: .seconds(1))
        let report = try #require(client.reports.first)
        #expect(report.cause == .peerClose && report.applicationCode == 1 << 61)
        #expect(report.reasonPhrase == String(repeating: "€", count: 85))
        #expect(witness.reports.map(\.cause) == [.localClose])
        #expect(witness.reports.map(\.applicationCode) == [1 << 61])
    }

    // RFC 9000 §16: variable-length integers end at 2^62 - 1. ngtcp2 aborts on more.
    @Test func anErrorCodeThatIsTooLargeIsSentAsTheLargest() throws {
        let client = Witness()
        let pair = try Pair(seed: 1, services: [witness], clientService: client)
        let connection = try #require(try pair.connectAndEstablish())
        let sent = try pair.send([1], on: connection, isFinal: false)
        pair.run(for: .seconds(1))
        witness.streams[0].reset(code: .max)
        pair.run(for: .seconds(1))
        #expect(connection.stream(sent) == nil && connection.state == .established)
        witness.connections[0].close(code: .max)
        pair.run(for: .seconds(1))
        #expect(client.reports.map(\.applicationCode) == [1 << 62 - 1])
    }

    /// A service that gives back all that is released of its writes does, where it wrote more than it got.
    @Test func noMoreCreditIsGivenThanBytesCame() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.streamWindow = .fixed(32 << 10)
        let pair = try Pair(seed: 1, services: [witness], configuration: configuration)
        let connection = try #require(try pair.connectAndEstablish())
        var isGenerous = true
        witness.onReceive = { bytes, stream in
            if isGenerous { stream.extendCredit(bytes.byteCount + 1_000_000) }
            isGenerous = false
        }
        let stream = try connection.openStream()
        for _ in 0..<400 {
            try stream.write([UInt8](repeating: 1, count: min(1_000, stream.writableBytes)))
            pair.run(for: .milliseconds(20))
        }
        // The service gave the rest back as it came, and not a byte more.
        let received = try #require(witness.streams.first?.receivedBytes)
        #expect(received >= 300_000 && connection.state == .established)
        witness.streams[0].extendCredit(5)
        #expect(witness.streams[0].unconsumedBytes == 0)
    }

    @Test func anEndThatNoApplicationAskedForHasNoCode() throws {
        let pair = try pair()
        _ = try #require(try pair.connectAndEstablish())
        pair.network.admits = { _ in false }
        pair.run(for: .seconds(60))
        let report = try #require(witness.reports.first)
        #expect(report.cause == .idleTimeout && report.applicationCode == nil && report.reasonPhrase.isEmpty)
    }

    /// Not even for a request that comes with the end of the handshake.
    @Test func aConnectionThatIsRefusedDoesNotOpen() throws {
        witness.admission = .refuse(code: 9, reasonPhrase: "not you")
        let client = Witness()
        client.onEvent = { event, connection in
            if event == "open" { try? connection.openStream().write("a request") }
        }
        let pair = try Pair(seed: 1, services: [witness], clientService: client)
        _ = try pair.connect()
        pair.run(for: .seconds(1))
        #expect(witness.events == ["admission of localhost at 10001"])
        #expect(client.reports.map(\.applicationCode) == [9])
        #expect(client.reports.map(\.reasonPhrase) == ["not you"])
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aDeadlineOfTheApplicationWakesAServer() throws {
        let pair = try pair()
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(2))
        let moment = pair.now.advanced(by: .milliseconds(700))
        witness.connections[0].applicationDeadline = moment
        var woken: MonotonicInstant?
        witness.onEvent = { event, _ in if event == "wake" { woken = pair.now } }
        pair.run(for: .seconds(5))
        #expect(woken == moment)
        #expect(witness.events.count { $0 == "wake" } == 1)
        #expect(witness.connections[0].applicationDeadline == .distantFuture)
    }

    /// Before, the line lay in its stream until the idle member sent something of its own.
    @Test func whatIsWrittenToAnotherConnectionLeavesAtOnce() throws {
        let pair = try pair()
        let members = try (0..<3).map { _ in try #require(try pair.connectAndEstablish()) }
        let streams = try members.map { try pair.send([0], on: $0, isFinal: false) }
        pair.run(for: .seconds(5))
        let all = witness.streams
        witness.onReceive = { bytes, _ in for stream in all { try? stream.write(bytes) } }
        let start = pair.now
        try members[1].stream(streams[1])?.write([42, 43])
        pair.client.touch(members[1])
        func haveAll() -> Bool {
            zip(members, streams).allSatisfy { pair.recorder.received(on: $0, $1).bytes == [42, 43] }
        }
        pair.run(for: .seconds(5), until: haveAll)
        #expect(haveAll())
        // Two ways of 5 ms.
        #expect(start.duration(to: pair.now) <= .milliseconds(25))
    }

    @Test func anotherConnectionIsClosedAtOnce() throws {
        let pair = try pair()
        let members = try (0..<2).map { _ in try #require(try pair.connectAndEstablish()) }
        pair.run(for: .seconds(1))
        let victim = witness.connections[1]
        witness.onReceive = { _, _ in victim.close(code: 3) }
        let start = pair.now
        _ = try pair.send([1], on: members[0])
        pair.run(for: .seconds(5)) { members[1].state == .closed }
        #expect(start.duration(to: pair.now) <= .milliseconds(25))
        #expect(members[0].state == .established)
    }

    /// A service may close its connection, and any other, in every event: also while a packet is written, and while another
    /// connection is released.
    @Test(
        arguments: [
            "admission of localhost at 10001", "open", "close", "wake", "stream open", "receive", "release", "cancel",
            "stream close",
        ],
        [true, false]
    )
    func aConnectionMayBeClosedInAnyEvent(event: String, isItsOwn: Bool) throws {
        let pair = try pair()
        var hasClosed = false
        let other = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let otherAtServer = witness.connections[0]
        witness.onEvent = { [witness] name, connection in
            guard name.prefix(9) == event.prefix(9), !hasClosed, connection !== otherAtServer else { return }
            hasClosed = true
            (isItsOwn ? connection : otherAtServer).close(code: 5)
            for stream in witness.streams { _ = try? stream.write([1]) }
        }
        _ = try pair.send([7], on: other, isFinal: false)
        let connection = try pair.connect()
        pair.run(for: .seconds(2))
        witness.connections.last?.applicationDeadline = pair.now.advanced(by: .milliseconds(50))
        witness.onReceive = { _, stream in _ = try? stream.write([1, 2]) }
        if connection.state == .established {
            _ = try pair.send([1], on: connection)
            let reset = try pair.send([2], on: connection, isFinal: false)
            pair.run(for: .seconds(1))
            connection.stream(reset)?.reset(code: 4)
            pair.client.touch(connection)
        }
        pair.run(for: .seconds(1))
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(1))
        #expect(hasClosed, "\(witness.events)")
        pair.client.close(other, at: pair.now)
        pair.run(for: .seconds(60))
        #expect(witness.events.count { $0 == "open" } == witness.events.count { $0 == "close" })
        expectEverythingReturned(pair)
    }

    /// The peer's words about its end stay, and nothing begins while a connection is released.
    @Test func aConnectionThatIsReleasedTakesNoCommands() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        for _ in 0..<3 { _ = try pair.send([1], on: connection, isFinal: false) }
        pair.run(for: .seconds(1))
        var attempts = 0
        witness.onEvent = { [witness] event, connection in
            guard event == "stream close" else { return }
            attempts += 1
            connection.close(code: 5, reasonPhrase: "mine")
            #expect(throws: QUICError.self) { try connection.openStream() }
            for stream in witness.streams { _ = try? stream.write("X has left") }
        }
        connection.close(code: 7, reasonPhrase: "theirs")
        pair.run(for: .seconds(60))
        #expect(attempts == 3)
        #expect(witness.reports.map(\.applicationCode) == [7] && witness.reports.map(\.reasonPhrase) == ["theirs"])
        expectEverythingReturned(pair)
    }

    /// The ledger does not see what refers to each other.
    @Test func nothingKeepsAConnectionThatNobodyKeeps() throws {
        weak var witness: Witness?
        weak var connection: Connection?
        weak var stream: Stream?
        do {
            let service = Witness()
            let pair = try Pair(seed: 1, services: [service])
            let client = try #require(try pair.connectAndEstablish())
            for _ in 0..<3 { _ = try pair.send([1], on: client, isFinal: false) }
            pair.run(for: .seconds(1))
            (witness, connection, stream) = (service, service.connections[0], service.streams[0])
            service.onEvent = { [weak service] event, _ in
                guard event == "stream close" else { return }
                for stream in service?.streams ?? [] { _ = try? stream.write("X has left") }
            }
            pair.client.close(client, at: pair.now)
            pair.run(for: .seconds(60))
            #expect(connection != nil && stream != nil)
            service.connections = []
            service.streams = []
            #expect(connection == nil && stream == nil)
        }
        #expect(witness == nil)
    }

    /// As where its worker fails.
    @Test func anEndpointThatGoesAwayTellsItsServicesAndLetsGoOfThem() throws {
        weak var kept: Witness?
        var events: [String] = []
        do {
            let service = Witness()
            let pair = try Pair(seed: 1, services: [service])
            let client = try #require(try pair.connectAndEstablish())
            _ = try pair.send([1], on: client, isFinal: false)
            pair.run(for: .seconds(1))
            kept = service
            service.onEvent = { event, _ in events.append(event) }
        }
        #expect(events == ["stream close", "close"])
        // It has the connection in a list of its own, and that leads to the endpoint's services.
        #expect(kept == nil)
    }

    @Test func aKeepAliveBeginsAtOnce() throws {
        let pair = try pair()
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(10))
        // From another connection's event, or from another thread.
        witness.connections[0].keepAlive(every: .seconds(8))
        // Longer than the idle timeout of 30 s, and not as long as a connection may go without progress.
        pair.run(for: .seconds(45))
        #expect(connection.state == .established && witness.reports.isEmpty)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    /// AddressSanitizer sees it where one of them reads what is freed.
    @Test func whatIsKeptBeyondItsEndTakesNothingAndHarmsNobody() throws {
        do {
            let pair = try pair()
            let connection = try #require(try pair.connectAndEstablish())
            _ = try pair.send([1], on: connection, isFinal: false)
            pair.run(for: .seconds(1))
            pair.client.close(connection, at: pair.now)
            pair.run(for: .seconds(60))
            expectEverythingReturned(pair)
            useWhatIsKept()
        }
        // The endpoint is gone as well.
        useWhatIsKept()
    }

    private func useWhatIsKept() {
        for stream in witness.streams {
            #expect(throws: StreamError.finished) { try stream.write([1]) }
            #expect(stream.writableBytes == 0 && stream.unacknowledgedBytes == 0 && stream.isClosed)
            stream.finish()
            stream.reset(code: 1)
            stream.extendCredit(0)
            #expect(stream.connection.state == .closed)
            #expect(throws: WorkError.ended) { try stream.reference.write([1]) }
        }
        for connection in witness.connections {
            #expect(throws: QUICError.self) { try connection.openStream() }
            connection.close(code: 1, reasonPhrase: "late")
            connection.keepAlive(every: .seconds(1))
            connection.applicationDeadline = MonotonicInstant(nanoseconds: 0)
            #expect(connection.path == nil && connection.serverName == nil && connection.streamCount == 0)
        }
    }
}

import Datagrams
import EchoServerKit
import Foundation
import QUICTransport
import Testing

@testable import QUICEndpoint
@testable import QUICServer

@Suite struct EventDocumentTests {
    private func section() throws -> Substring {
        let guide = try operatingGuide()
        return guide[try #require(guide.range(of: "\n## Events\n")).upperBound...]
    }

    private func event(_ kind: EndpointEvent.Kind, of connection: ConnectionHandle?, count: Int = 1) -> ServerEvent {
        let event = EndpointEvent(
            time: MonotonicInstant(nanoseconds: 5),
            kind: kind,
            connection: connection,
            remote: SocketAddress(ipv4: 127, 0, 0, 1, port: 5_000),
            liveBytes: 1_000,
            peakBytes: 2_000,
            count: count
        )
        return ServerEvent(worker: 3, age: .milliseconds(1_500), event: event)
    }

    private func fields(_ document: EventDocument) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: statisticsEncoder.encode(document))
        return try #require(value as? [String: Any])
    }

    @Test func everyFieldAndEveryNameIsDocumented() throws {
        let section = try section()
        let handle = ConnectionHandle(index: 7, generation: 9)
        let names = try fields(EventDocument(event(.closed(.shutdown), of: handle))).keys
        #expect(names.count == 9)
        for name in names + EndpointEvent.Kind.labels { #expect(section.contains("`\(name)`"), "\(name)") }
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            for name in line.dropFirst(2).prefix(while: { $0 != "|" }).split(separator: ",") {
                let name = name.trimmingCharacters(in: [" ", "`"])
                #expect(names.contains(name) || EndpointEvent.Kind.labels.contains(name), "\(name)")
            }
        }
    }

    @Test func anEventOfAConnectionSaysEverything() {
        let document = EventDocument(event(.closed(.idleTimeout), of: ConnectionHandle(index: 7, generation: 9)))
        #expect(document.ageSeconds == 1.5)
        #expect(document.worker == 3)
        #expect(document.event == "closed")
        #expect(document.cause == "idle_timeout")
        #expect(document.connection == "3-7-9")
        #expect(document.remote == "127.0.0.1:5000")
        #expect(document.liveBytes == 1_000)
        #expect(document.peakBytes == 2_000)
        #expect(document.count == 1)
    }

    @Test func anEventWithoutAConnectionLeavesOutWhatThereIsNot() throws {
        let document = EventDocument(event(.refused(.token), of: nil, count: 12))
        #expect(try Set(fields(document).keys) == ["age_seconds", "worker", "event", "cause", "remote", "count"])
        #expect(document.cause == "reject_token")
        #expect(document.count == 12)
    }

    @Test func causesHaveTheNamesOfTheirCounters() {
        #expect(EndpointEvent.Kind.budgetExceeded(.handshake).causeLabel == "handshake")
        #expect(EndpointEvent.Kind.accepted.causeLabel == nil)
        for refusal in EndpointEvent.Refusal.allCases {
            let label = EndpointEvent.Kind.refused(refusal).causeLabel
            #expect(label.map(AdmissionDecision.labels.contains) == true)
        }
    }

    @Test func theQueryLimitsWhatIsShownToTheNewest() throws {
        let events = (1...5).map { event(.refused(.token), of: nil, count: $0) }
        #expect(try EventDocument.all(events, EventQuery([])).map(\.count) == [1, 2, 3, 4, 5])
        #expect(try EventDocument.all(events, EventQuery([("limit", "2")])).map(\.count) == [4, 5])
        #expect(try EventDocument.all(events, EventQuery([("limit", "0")])).isEmpty)
        #expect(try EventDocument.all(events, EventQuery([("limit", "99")])).count == 5)
    }

    @Test(arguments: ["", "-1", "+1", "two", "1.5", "99999999999999999999"])
    func aLimitThatIsNoNumberIsRefused(value: String) {
        let failure = #expect(throws: EventQuery.Failure.self) { try EventQuery([("limit", value)]) }
        #expect(failure?.description == "limit=\(value) is not accepted: use a whole number")
    }

    @Test func anotherQueryIsRefused() {
        let failure = #expect(throws: EventQuery.Failure.self) { try EventQuery([("since", "1")]) }
        #expect(failure?.description == "since is not accepted: GET /events takes limit=N")
    }

    @Test func aServerThatDidNothingHasNoEvents() async throws {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        let server = try Server(configuration: configuration, services: ServiceList([.echo]).services)
        #expect(await server.events().isEmpty)
        #expect(try await server.statistics().eventLog == EventLogStatistics())
        #expect(try await server.shutDown().hasReturned)
        #expect(await server.events().isEmpty)
    }
}

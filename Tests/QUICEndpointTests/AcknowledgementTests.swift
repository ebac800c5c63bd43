import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// How many datagrams acknowledgements cost.
@Suite struct AcknowledgementTests {
    /// A client that sends its next message when the answer to the last one is complete.
    private final class Talker: StreamService {
        let applicationProtocol = "any"
        private let message = [UInt8](repeating: 7, count: 64)
        private var missingBytes = 0
        private(set) var answers = 0
        private(set) var messagesLeft = 0

        func begin(_ count: Int, on stream: Stream) throws {
            messagesLeft = count
            answers = 0
            try send(on: stream)
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
            missingBytes -= bytes.byteCount
            guard missingBytes == 0 else { return }
            answers += 1
            if messagesLeft > 0 { try send(on: stream) }
        }

        private func send(on stream: Stream) throws(StreamError) {
            messagesLeft -= 1
            missingBytes = message.count
            try stream.write(message)
        }
    }

    // A round trip of any length: ngtcp2 delays acknowledgements by an eighth of it.
    @Test(arguments: [Duration.microseconds(20), .milliseconds(1), .milliseconds(40)])
    func anAnswerHasTheAcknowledgementOfItsQuestion(latency: Duration) throws {
        let talker = Talker()
        let pair = try Pair(
            seed: 21,
            services: [EchoService()],
            clientService: talker,
            conditions: .init(latency: latency, jitter: .zero, loss: 0, duplication: 0)
        )
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream(.bidirectional)
        try talker.begin(10, on: stream)
        pair.run(for: .seconds(10)) { talker.answers == 10 }
        let before = pair.server.statistics
        try talker.begin(200, on: stream)
        pair.run(for: .seconds(100)) { talker.answers == 200 }
        #expect(talker.answers == 200)
        let after = pair.server.statistics
        // A client may acknowledge answers in packets of their own.
        #expect((200...401).contains(after.received.datagrams - before.received.datagrams))
        #expect((200...202).contains(after.transmitted.datagrams - before.transmitted.datagrams))
    }

    // ngtcp2 has a timer for its next packet, which there is none of until the next question.
    @Test func anAnswerLeavesNothingToDoSoon() throws {
        let talker = Talker()
        let pair = try Pair(
            seed: 23,
            services: [EchoService()],
            clientService: talker,
            conditions: .init(latency: .milliseconds(20), jitter: .zero, loss: 0, duplication: 0)
        )
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream(.bidirectional)
        try talker.begin(10, on: stream)
        pair.run(for: .seconds(10)) { talker.answers == 10 }
        try talker.begin(200, on: stream)
        var wakeUps = 0
        pair.run(for: .seconds(100)) {
            if let deadline = pair.server.nextDeadline, deadline < pair.now.advanced(by: .milliseconds(10)) {
                wakeUps += 1
            }
            return talker.answers == 200
        }
        #expect(talker.answers == 200)
        #expect(wakeUps <= 10)
    }

    // Packets that arrive together are acknowledged by one packet, whatever the threshold.
    @Test func aBatchOfPacketsHasOneAcknowledgement() throws {
        let pair = try Pair(
            seed: 22,
            services: [Sink()],
            clientProtocols: ["sink"],
            clientConfiguration: EchoTests.generousClient
        )
        pair.tick = .milliseconds(5)
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let before = pair.server.statistics
        let stream = try pair.send([UInt8](repeating: 1, count: 200_000), on: connection)
        pair.run(for: .seconds(10))
        let after = pair.server.statistics
        #expect(after.received.datagrams - before.received.datagrams > 150)
        let perAnswer =
            Double(after.received.datagrams - before.received.datagrams)
            / Double(after.transmitted.datagrams - before.transmitted.datagrams)
        #expect(perAnswer > 4, "\(stream): \(perAnswer) packets for each of the server's")
    }

    /// Reads everything and answers nothing.
    private final class Sink: StreamService, Sendable {
        let applicationProtocol = "sink"

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
        }
    }
}

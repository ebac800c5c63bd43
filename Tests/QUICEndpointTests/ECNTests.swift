import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// The server takes part in Explicit Congestion Notification.
@Suite struct ECNTests {
    // RFC 9000 §13.4.2: an endpoint sets the ECT(0) codepoint in outgoing packets, and goes on where validation succeeds.
    @Test func theServerMarksWhatItSends() throws {
        let pair = try Pair(seed: 81, services: [EchoService()], clientConfiguration: EchoTests.generousClient)
        var marks: [ECN: Int] = [:]
        pair.network.admits = { transit in
            if transit.path.remote == Pair.serverAddress { marks[transit.ecn, default: 0] += 1 }
            return true
        }
        let connection = try #require(try pair.connectAndEstablish())
        let sent = message(of: 200_000, seed: 81)
        let stream = try pair.send(sent, on: connection)
        pair.run(for: .seconds(10)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == sent)
        #expect(marks[.capable0, default: 0] > 100)
        #expect(marks.keys.allSatisfy { $0 == .capable0 || $0 == .notCapable })
        // RFC 9000 §13.4.2: ten packets, or three probe timeouts, may go unmarked until marks are seen to arrive.
        #expect(marks[.notCapable, default: 0] <= 10)
    }
}

import Datagrams
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// What a service sees of the end of its streams.
@Suite struct StreamEndTests {
    /// An echo that keeps every stream that ended. One thread uses it.
    private final class Keeper: StreamService, @unchecked Sendable {
        let applicationProtocol = "echo"
        var ended: [Stream] = []
        var cancelledCount = 0

        func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
            cancelledCount += 1
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            if bytes.byteCount > 0 { try stream.write(bytes) }
            if isFinal { stream.finish() }
        }

        func stream(_ stream: Stream, didRelease count: Int) {
            stream.extendCredit(count)
        }

        func streamDidClose(_ stream: Stream) {
            ended.append(stream)
        }
    }

    // The table's reference is the only one: it must not go before the service was told. AddressSanitizer sees it if it does.
    @Test func aStreamStillExistsWhenItsServiceIsToldOfItsEnd() throws {
        let keeper = Keeper()
        let pair = try Pair(seed: 1, services: [keeper])
        let connection = try #require(try pair.connectAndEstablish())
        for round in 0..<20 {
            let stream = try pair.send([UInt8(round)], on: connection)
            pair.run(for: .seconds(1))
            #expect(keeper.ended.last?.id == stream)
        }
        #expect(keeper.ended.count == 20)
        #expect(keeper.ended.allSatisfy { $0.isClosed && $0.receivedBytes == 1 && $0.unacknowledgedBytes == 0 })
    }

    /// A FIN that is lost on the way into a packet shows here, and elsewhere as an echo that never ends.
    @Test func anEchoEndsWithTheRoundTripOfItsFin() throws {
        let keeper = Keeper()
        let pair = try Pair(seed: 3, services: [keeper])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        for (number, bytes) in [[], [1], message(of: 5_000, seed: 3)].enumerated() {
            let sent = pair.server.statistics.transmitted.datagrams
            let stream = try pair.send(bytes, on: connection)
            pair.run(for: .milliseconds(60))
            let received = pair.recorder.received(on: connection, stream)
            #expect(received.bytes == bytes)
            #expect(received.isComplete, "the echo of \(bytes.count) bytes lacks its FIN")
            #expect(keeper.ended.count == number + 1)
            // A FIN that is offered once more is refused, as a stream is that the peer reads no more of.
            #expect(keeper.cancelledCount == 0)
            #expect(pair.server.statistics.transmitted.datagrams - sent < 12, "FIN is sent once")
        }
    }

    @Test func aStreamThatOutlivesItsConnectionTakesCallsAndDoesNothing() throws {
        let keeper = Keeper()
        let pair = try Pair(seed: 2, services: [keeper])
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream()
        try stream.write(message(of: 3, seed: 2))
        pair.client.touch(connection)
        pair.run(for: .milliseconds(6))
        pair.client.abandon(connection, at: pair.now)
        pair.server.close(ConnectionHandle(index: 0, generation: 1), at: pair.now)
        let ended = try #require(keeper.ended.first)
        #expect(ended.isClosed)
        #expect(ended.receivedBytes == 3)
        ended.extendCredit(3)
        ended.reset(code: 1)
        ended.finish()
        #expect(throws: StreamError.finished) { try ended.write(message(of: 1, seed: 2)) }
        #expect(throws: StreamError.finished) { try ended.finish(generating: 1) }
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }
}

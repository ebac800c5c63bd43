import Datagrams
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// A service's answers may raise the limit of a connection, and memory that its client makes it hold may not.
@Suite struct QueuedLimitTests {
    /// A service that answers each byte with many, and handles everything at once.
    private final class Answers: StreamService {
        let applicationProtocol = "echo"
        var refused = 0
        var written = 0

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
            do throws(StreamError) {
                try stream.write([UInt8](repeating: 7, count: 600))
                written += 1
            } catch {
                refused += 1
            }
        }
    }

    private let answers = Answers()

    /// A client that leaves gaps on many streams, and asks on another one for answers, which it acknowledges.
    @Test func noPeerRaisesItsLimitByAnswers() throws {
        let pair = try Pair(seed: 1, services: [answers])
        let hostile = try #require(try HostileClient(pair: pair))
        let connection = try #require(pair.server.connection(ConnectionHandle(index: 0, generation: 1)))
        hostile.send(Frame.stream(0, [1]))
        let limit = connection.account.bytesLimit
        #expect(limit <= 192 << 10)
        var most = 0
        for number in UInt64(0)..<350 where connection.state == .established {
            for gap in UInt64(0)..<4 {
                let offset = 2 * (4 * number + gap) + 1
                hostile.push((UInt64(1)..<16).flatMap { Frame.stream(4 * $0, offset: offset, [1]) })
            }
            hostile.send(Frame.stream(0, offset: number + 1, [1]) + hostile.acknowledgement)
            pair.run(for: .milliseconds(1))
            most = max(most, connection.account.bytesLimit)
        }
        // How many come before the end depends on how the allocator rounds the blocks of gaps.
        #expect(answers.written > 30, "\(answers.written)")
        // But for what sixteen streams may come to, and the answers.
        #expect(most <= limit + 11 * (19 << 10) + 16 << 10, "\(most)")
        #expect(pair.serverCloses == [.budgetExceeded(.connection)])
        pair.run(for: .seconds(120))
        expectEverythingReturned(pair)
    }

    /// An answer of a connection that holds all it was granted still fits, since it is the application's.
    @Test func aLongAnswerRaisesTheLimitByItsLength() throws {
        let pair = try Pair(seed: 2, services: [answers], clientConfiguration: EchoTests.generousClient)
        let connection = try #require(try pair.connectAndEstablish())
        let id = try pair.send([1], on: connection, isFinal: false)
        pair.run(for: .seconds(2))
        let server = try #require(pair.server.connection(ConnectionHandle(index: 0, generation: 1)))
        let stream = try #require(server.stream(id))
        var written = 600
        let limit = server.account.bytesLimit
        var most = 0
        for _ in 0..<400 {
            let count = stream.writableBytes
            if count > 0 { try stream.write([UInt8](repeating: 7, count: count)) }
            written += count
            most = max(most, server.account.bytesLimit)
            pair.run(for: .milliseconds(5))
        }
        pair.run(for: .seconds(5))
        #expect(written > 1 << 20 && most > limit, "\(written) \(most)")
        #expect(server.account.limitRefusedCount == 0)
        #expect(pair.recorder.received(on: connection, id).bytes.count == written)
    }
}

import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Priorities among the streams of one connection. RFC 9218.
@Suite struct StreamPriorityTests {
    /// A service that knows how much of each stream has arrived, and had when each one was complete.
    private final class Arrivals: StreamService {
        let applicationProtocol = "echo"
        var bytes: [StreamID: Int] = [:]
        /// The streams in the order in which they were complete, with the bytes of all of them at that moment.
        var completions: [(stream: StreamID, bytes: [StreamID: Int])] = []

        func receive(_ received: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            bytes[stream.id, default: 0] += received.byteCount
            stream.extendCredit(received.byteCount)
            if isFinal {
                completions.append((stream.id, bytes))
                stream.finish()
            }
        }
    }

    private let arrivals = Arrivals()
    private static let streamBytes = 200_000

    private func pair(_ seed: UInt64, conditions: SimulatedNetwork.Conditions = .init()) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.transport.streamWindow = .fixed(4 << 20)
        configuration.transport.connectionWindow = .fixed(8 << 20)
        configuration.transport.peerBidirectionalStreams = 100
        return try Pair(seed: seed, services: [arrivals], configuration: configuration, conditions: conditions)
    }

    /// Streams of `connection` with these priorities, which have all of their bytes to send.
    private func open(_ priorities: [StreamPriority], on connection: Connection, bytes: Int = streamBytes) throws
        -> [Stream]
    {
        try priorities.map { priority in
            let stream = try connection.openStream()
            stream.priority = priority
            try stream.finish(generating: UInt64(bytes))
            return stream
        }
    }

    private func run(_ pair: Pair, until count: Int) {
        pair.run(for: .seconds(120)) { arrivals.completions.count == count }
        #expect(arrivals.completions.count == count)
    }

    /// The bytes that had arrived of `stream` when the completion numbered `number` came.
    private func bytes(of stream: Stream, at number: Int) -> Int { arrivals.completions[number].bytes[stream.id] ?? 0 }

    @Test func aPriorityIsAByteOfEightUrgenciesAndAFlag() {
        #expect(MemoryLayout<StreamPriority>.size == 1)
        #expect(StreamPriority() == StreamPriority(urgency: 3, isIncremental: true))
        for urgency in StreamPriority.urgencies {
            for isIncremental in [true, false] {
                let priority = StreamPriority(urgency: urgency, isIncremental: isIncremental)
                #expect(priority.urgency == urgency && priority.isIncremental == isIncremental)
            }
        }
        #expect(StreamPriority(urgency: -1).urgency == 0 && StreamPriority(urgency: 8).urgency == 7)
        #expect(StreamPriority(urgency: 5, isIncremental: false).description == "u=5")
        #expect(StreamPriority().description == "u=3, i")
    }

    // RFC 9218 §10: "it is RECOMMENDED that, when possible, servers respect the urgency parameter, sending higher-urgency responses
    // before lower-urgency responses."
    @Test func theMostUrgentStreamGoesFirst() throws {
        let pair = try pair(1)
        let connection = try #require(try pair.connectAndEstablish())
        let streams = try open([7, 3, 0, 5].map { StreamPriority(urgency: $0) }, on: connection)
        run(pair, until: 4)
        #expect(arrivals.completions.map(\.stream) == [2, 1, 3, 0].map { streams[$0].id })
        // The last packet of one may have room for the first bytes of the next.
        #expect(bytes(of: streams[1], at: 0) < 1_500 && bytes(of: streams[3], at: 0) == 0)
        #expect(bytes(of: streams[0], at: 2) < 1_500)
    }

    @Test func streamsOfOneUrgencyTakeTurns() throws {
        let pair = try pair(2)
        let connection = try #require(try pair.connectAndEstablish())
        let streams = try open([.init(), .init(), .init(urgency: 7)], on: connection)
        run(pair, until: 3)
        #expect(bytes(of: streams[1], at: 0) > Self.streamBytes - 10_000)
        #expect(bytes(of: streams[2], at: 0) == 0)
    }

    // RFC 9218 §10: "Non-incremental responses of the same urgency SHOULD be served by prioritizing bandwidth allocation in ascending
    // order of the stream ID".
    @Test func streamsThatAreNotIncrementalGoOneAfterTheOther() throws {
        let pair = try pair(3)
        let connection = try #require(try pair.connectAndEstablish())
        let whole = StreamPriority(isIncremental: false)
        let streams = try open([whole, whole, whole], on: connection)
        run(pair, until: 3)
        #expect(arrivals.completions.map(\.stream) == streams.map(\.id))
        #expect(bytes(of: streams[1], at: 0) < 1_500 && bytes(of: streams[2], at: 1) < 1_500)
    }

    @Test func aPriorityMayChangeWhileAStreamWaits() throws {
        let pair = try pair(4)
        let connection = try #require(try pair.connectAndEstablish())
        let first = StreamPriority(urgency: 1, isIncremental: false)
        let streams = try open([first, .init(urgency: 5), .init(urgency: 5)], on: connection, bytes: 1 << 20)
        pair.run(for: .milliseconds(40))
        let before = arrivals.bytes[streams[0].id] ?? 0
        #expect(before > 0 && before < 400_000)
        // The one overtakes the first, which otherwise goes on until it has nothing to send; the other stays behind.
        streams[1].priority = StreamPriority(urgency: 0)
        streams[2].priority = StreamPriority(urgency: 7)
        run(pair, until: 3)
        #expect(arrivals.completions.map(\.stream) == [1, 0, 2].map { streams[$0].id })
        // But for what was in flight.
        #expect(bytes(of: streams[0], at: 0) < before + 400_000)
        #expect(bytes(of: streams[2], at: 1) < 1_500)
    }

    /// Lost bytes of the least urgent stream are sent again before any new ones.
    @Test func aLessUrgentStreamIsRepairedAtOnce() throws {
        let pair = try pair(5)
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .milliseconds(100))
        var sent = 0
        pair.network.admits = { transit in
            guard transit.path.local == Pair.serverAddress else { return true }
            sent += 1
            return sent % 3 != 0
        }
        let slow = try open([.init(urgency: 7)], on: connection, bytes: 10_000)[0]
        pair.run(for: .milliseconds(1))
        #expect(sent > 5)
        pair.network.admits = { _ in true }
        let urgent = try open([.init(urgency: 0)], on: connection, bytes: 4 << 20)[0]
        run(pair, until: 2)
        #expect(arrivals.completions.map(\.stream) == [slow.id, urgent.id])
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func whateverThePrioritiesAllStreamsEnd(seed: UInt64) throws {
        let pair = try pair(seed, conditions: .init(jitter: .milliseconds(5), loss: 0.02, duplication: 0.02))
        var connection: Connection?
        for _ in 0..<5 where connection == nil { connection = try pair.connectAndEstablish() }
        let established = try #require(connection)
        var generator = SeededGenerator(seed: seed)
        func priority() -> StreamPriority {
            StreamPriority(urgency: Int.random(in: 0...7, using: &generator), isIncremental: .random(using: &generator))
        }
        var streams: [Stream] = []
        for _ in 0..<50 {
            streams += try open([priority()], on: established, bytes: Int.random(in: 0...40_000, using: &generator))
            pair.run(for: .milliseconds(Int64.random(in: 0...3, using: &generator)))
            for _ in 0..<3 { streams.randomElement(using: &generator)?.priority = priority() }
        }
        run(pair, until: 50)
        pair.run(for: .seconds(1))
        pair.client.close(established, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

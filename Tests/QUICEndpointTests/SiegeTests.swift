import BoundedMemory
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Established clients that hold what they can get for as long as they can: each is ended by its deadline or by its
/// limit, and an honest client beside it notices nothing.
@Suite struct SiegeTests {
    /// A byte on each of `streams` that comes before the one in front of it.
    private static func gaps(_ streams: Range<UInt64>) -> [UInt8] {
        streams.flatMap { Frame.stream(4 * $0, offset: 1, [1]) }
    }

    /// Grants nothing beyond the first few bytes.
    private static var miser: EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.transport.streamWindow = .fixed(16)
        configuration.transport.connectionWindow = .fixed(256)
        return configuration
    }

    @Test func aByteOutOfOrderOnEachStreamAndThenSilenceEndsAtTheIdleTimeout() throws {
        let siege = try Siege()
        try siege.expectEnd(.idleTimeout, after: 30...31) { second in
            if second == 0 { siege.hostile.send(Self.gaps(0..<16)) }
        }
    }

    @Test func aByteOutOfOrderOnEachStreamAndPingsForEverEndAtTheNoProgressTimeout() throws {
        let siege = try Siege()
        try siege.expectEnd(.noProgress, after: 60...61) { second in
            if second == 0 { siege.hostile.send(Self.gaps(0..<16)) }
            siege.hostile.send(Frame.ping + siege.hostile.acknowledgement)
        }
    }

    @Test func aStreamNowAndThenDoesNotProlongWhatTheOthersHold() throws {
        let siege = try Siege()
        try siege.expectEnd(.noProgress, after: 60...61) { second in
            let stream = UInt64(second / 5)
            if second.isMultiple(of: 5) { siege.hostile.send(Self.gaps(stream..<(stream + 1))) }
            // Reset before it has done anything.
            if second % 5 == 3, second > 5 { siege.hostile.send(Frame.resetStream(4 * stream, finalSize: 2)) }
            siege.hostile.send(Frame.ping + siege.hostile.acknowledgement)
        }
    }

    @Test func fiveThousandGapsOnAStreamExceedTheLimit() throws {
        let siege = try Siege()
        try siege.expectEnd(.budgetExceeded(.connection), after: 0...1) { second in
            guard second == 0 else { return siege.hostile.send(Frame.ping + siege.hostile.acknowledgement) }
            for packet in UInt64(0)..<50 {
                siege.hostile.send((0..<100).flatMap { Frame.stream(0, offset: 2 * (100 * packet + $0) + 1, [1]) })
            }
        }
    }

    @Test func aClientThatNeverAcknowledgesEndsAtTheAcknowledgementTimeout() throws {
        let siege = try Siege()
        let bytes = [UInt8](repeating: 7, count: 1_000)
        try siege.expectEnd(.acknowledgementSilence, after: 16...17) { second in
            siege.hostile.send(Frame.stream(0, offset: UInt64(1_000 * second), bytes))
        }
    }

    @Test func aClientThatGrantsNoCreditEndsAtTheNoProgressTimeout() throws {
        let siege = try Siege(client: Self.miser, honestMessageBytes: 16)
        let bytes = [UInt8](repeating: 7, count: 1_024)
        try siege.expectEnd(.noProgress, after: 60...62) { second in
            // As much as it may send on four streams: the whole of the connection's window.
            for packet in UInt64(0)..<64 where second == 0 {
                siege.hostile.send(Frame.stream(4 * (packet / 16), offset: 1_024 * (packet % 16), bytes))
            }
            siege.hostile.send(Frame.ping + siege.hostile.acknowledgement)
        }
    }

    // RFC 9000 §21.6: sending small amounts of data.
    @Test func aByteASecondEndsAtTheNoProgressTimeout() throws {
        let siege = try Siege()
        try siege.expectEnd(.noProgress, after: 60...61) { second in
            siege.hostile.send(Frame.stream(0, offset: UInt64(second), [7]) + siege.hostile.acknowledgement)
        }
    }

    // RFC 9000 §21.6: gradually opening flow control windows in order to control the sender rate.
    @Test func aByteOfCreditASecondEndsAtTheNoProgressTimeout() throws {
        let siege = try Siege(client: Self.miser, honestMessageBytes: 16)
        try siege.expectEnd(.noProgress, after: 60...62) { second in
            if second == 0 { siege.hostile.send(Frame.stream(0, [UInt8](repeating: 7, count: 1_000), isFinal: true)) }
            let credit = Frame.maximumStreamData(0, UInt64(16 + second)) + Frame.maximumData(UInt64(256 + second))
            siege.hostile.send(credit + siege.hostile.acknowledgement)
        }
    }
}

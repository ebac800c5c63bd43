public import QUICTransport
import Synchronization

/// A client's service that keeps what arrived on each stream.
public final class RecordingClient: StreamService {
    /// What arrived on one stream.
    public struct Received: Sendable, Equatable {
        public var bytes: [UInt8] = []
        public var isComplete = false
        public var resetCode: UInt64?

        public init(bytes: [UInt8] = [], isComplete: Bool = false) {
            self.bytes = bytes
            self.isComplete = isComplete
        }
    }

    public let applicationProtocol = "any"
    private let streams = Mutex<[ConnectionHandle: [StreamID: Received]]>([:])

    public init() {}

    public func received(on connection: Connection, _ stream: StreamID) -> Received {
        streams.withLock { $0[connection.handle]?[stream] ?? Received() }
    }

    public func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        let copy = Array(copying: bytes)
        streams.withLock { streams in
            unsafe streams[stream.connection.handle, default: [:]][stream.id, default: Received()].bytes += copy
            if isFinal { unsafe streams[stream.connection.handle]?[stream.id]?.isComplete = true }
        }
        stream.extendCredit(bytes.byteCount)
    }

    public func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        streams.withLock {
            unsafe $0[stream.connection.handle, default: [:]][stream.id, default: Received()].resetCode = code
        }
    }
}

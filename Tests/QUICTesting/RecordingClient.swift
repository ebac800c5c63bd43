package import QUICTransport
import Synchronization

/// A client's service that keeps what arrived on each stream.
package final class RecordingClient: StreamService {
    /// What arrived on one stream.
    package struct Received: Sendable, Equatable {
        package var bytes: [UInt8] = []
        package var isComplete = false
        package var resetCode: UInt64?

        package init(bytes: [UInt8] = [], isComplete: Bool = false) {
            self.bytes = bytes
            self.isComplete = isComplete
        }
    }

    package let applicationProtocol = "any"
    private let datagrams = Mutex<[ConnectionHandle: [[UInt8]]]>([:])
    private let completed = Mutex<[ConnectionHandle: [StreamID]]>([:])
    private let streams = Mutex<[ConnectionHandle: [StreamID: Received]]>([:])

    private let givesCredit: Bool

    /// - Parameter givesCredit: Whether it takes what arrives, so that the peer may send more.
    package init(givesCredit: Bool = true) {
        self.givesCredit = givesCredit
    }

    package func received(on connection: Connection, _ stream: StreamID) -> Received {
        streams.withLock { $0[connection.handle]?[stream] ?? Received() }
    }

    /// The streams of `connection` that arrived up to their FIN, in the order in which they were complete.
    package func completions(on connection: Connection) -> [StreamID] {
        completed.withLock { $0[connection.handle] ?? [] }
    }

    /// The datagrams that arrived on `connection`, in order.
    package func datagrams(on connection: Connection) -> [[UInt8]] {
        datagrams.withLock { $0[connection.handle] ?? [] }
    }

    package func receive(datagram bytes: RawSpan, on connection: Connection) {
        let copy = Array(copying: bytes)
        datagrams.withLock { $0[connection.handle, default: []].append(copy) }
    }

    package func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        let copy = Array(copying: bytes)
        streams.withLock { streams in
            streams[stream.connection.handle, default: [:]][stream.id, default: Received()].bytes += copy
            if isFinal { streams[stream.connection.handle]?[stream.id]?.isComplete = true }
        }
        if isFinal { completed.withLock { $0[stream.connection.handle, default: []].append(stream.id) } }
        if givesCredit { stream.extendCredit(bytes.byteCount) }
    }

    package func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        streams.withLock {
            $0[stream.connection.handle, default: [:]][stream.id, default: Received()].resetCode = code
        }
    }
}

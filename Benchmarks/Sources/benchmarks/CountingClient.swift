import QUICTransport
import Synchronization

/// A client's service that counts what comes back and keeps nothing.
final class CountingClient: StreamService {
    let applicationProtocol = "any"
    private let bytes = Atomic<Int>(0)
    private let streams = Atomic<Int>(0)

    /// Bytes received so far.
    var receivedBytes: Int { bytes.load(ordering: .relaxed) }
    /// Streams that the server has ended.
    var finishedStreams: Int { streams.load(ordering: .relaxed) }

    func receive(_ received: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        bytes.add(received.byteCount, ordering: .relaxed)
        if isFinal { streams.add(1, ordering: .relaxed) }
        stream.extendCredit(received.byteCount)
    }
}

import QUICServer

/// Answers a stream with the number of bytes that came on it.
final class ByteCounter: StreamService, Sendable {
    let applicationProtocol = "count"

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        // Nothing of them is kept, so the client may send as many again.
        stream.extendCredit(bytes.byteCount)
        guard isFinal, stream.id.isBidirectional else { return }
        try stream.write("\(stream.receivedBytes)\n")
        stream.finish()
    }
}

/// Answers a stream with the number of connections that its worker serves.
final class Visitors: StreamService {
    let applicationProtocol = "visitors"
    private var count = 0

    func connectionDidOpen(_ connection: Connection) { count += 1 }

    func connectionDidClose(_ connection: Connection, _ report: CloseReport) { count -= 1 }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
        guard isFinal, stream.id.isBidirectional else { return }
        try stream.write("\(count)\n")
        stream.finish()
    }
}

/// Starts a server of both.
package func makeCountingServer(_ configuration: ServerConfiguration) throws -> Server {
    try Server(configuration: configuration) { _ in [ByteCounter(), Visitors()] }
}

import EchoService
import QUICServer

/// Both services behind one application protocol, so that the clients of one endpoint can use either: a stream that begins
/// with a `G` is a request of ``HQInteropService``, and any other one of ``EchoService``.
final class FetchAndEchoService: StreamService {
    let applicationProtocol = "echo"
    private let fetch = HQInteropService()
    private let echo = EchoService()

    private final class EchoMark {}

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        if stream.context == nil {
            guard bytes.byteCount > 0 else { return try fetch.receive(bytes, isFinal: isFinal, on: stream) }
            let first = unsafe bytes.unsafeLoad(as: UInt8.self)
            if first != UInt8(ascii: "G") { stream.context = EchoMark() }
        }
        if stream.context is EchoMark {
            try echo.receive(bytes, isFinal: isFinal, on: stream)
        } else {
            try fetch.receive(bytes, isFinal: isFinal, on: stream)
        }
    }

    func receive(datagram bytes: RawSpan, on connection: Connection) {
        echo.receive(datagram: bytes, on: connection)
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        if stream.context is EchoMark { echo.stream(stream, didRelease: count) }
    }
}

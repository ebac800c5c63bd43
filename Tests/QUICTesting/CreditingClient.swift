internal import QUICTransport

/// A client's service that reads everything and keeps nothing.
final class CreditingClient: StreamService {
    let applicationProtocol = "any"

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
    }
}

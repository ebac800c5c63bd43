import QUICTransport

/// A client that does not care what it is told.
final class DeafService: StreamService {
    let applicationProtocol = "none"

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {}
    func stream(_ stream: Stream, didRelease count: Int) {}
    func stream(_ stream: Stream, wasCancelledWith code: UInt64) {}
}

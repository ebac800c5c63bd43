/// An application on top of the transport: what happens to the bytes of streams.
///
/// One service serves every connection of a worker that speaks its protocol, so it keeps no state of its own; what a
/// stream needs goes into ``Stream/context``. Methods are called on the worker's thread and must not block.
public protocol StreamService: AnyObject, Sendable {
    /// The ALPN identifier this service answers to. RFC 7301.
    var applicationProtocol: String { get }
    /// Bytes arrived in order. `isFinal` says that no more follow (FIN); then `bytes` may be empty.
    ///
    /// The span is gone when the method returns. Credit for the bytes is given back with ``Stream/extendCredit(_:)``.
    /// - Throws: To end the connection with an internal error.
    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError)
    /// The peer acknowledged `count` further bytes: their memory was released.
    func stream(_ stream: Stream, didRelease count: Int)
    /// The peer gave up sending (RESET_STREAM) or receiving (STOP_SENDING, noticed with the next bytes to send, and with
    /// a `code` of 0). RFC 9000 §3.5.
    func stream(_ stream: Stream, wasCancelledWith code: UInt64)
    /// Both halves ended, or the connection did.
    func streamDidClose(_ stream: Stream)
}

extension StreamService {
    /// Does nothing.
    public func stream(_ stream: Stream, didRelease count: Int) {}

    /// Ends our half too, so that no half-open stream stays behind.
    public func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        stream.reset(code: code)
    }

    /// Does nothing.
    public func streamDidClose(_ stream: Stream) {}
}

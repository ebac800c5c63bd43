/// A connection's service, for the calls that each packet makes: they count no reference.
///
/// Owns: a reference. Released by: the end of the value, which no call outlives: a connection keeps its service until it has ended, and it
/// ends outside of all calls.
struct ServiceReference: ~Copyable {
    /// The service itself.
    let service: any StreamService

    init(_ service: any StreamService) {
        self.service = service
    }

    /// Bytes have arrived.
    @inline(__always)
    borrowing func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        try service.receive(bytes, isFinal: isFinal, on: stream)
    }

    /// Bytes were acknowledged.
    @inline(__always)
    borrowing func stream(_ stream: Stream, didRelease count: Int) {
        service.stream(stream, didRelease: count)
    }
}

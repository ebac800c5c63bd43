public import QUICServer

/// Sends every byte of every stream back on that stream, in order, and FIN after the last one.
///
/// What waits to be echoed is bounded by the stream window: the client gets credit for a byte only when its echo was
/// acknowledged and its memory released. Datagrams (RFC 9221) come back as well, where the server's configuration lets clients send
/// them: one that finds no room on its way back is lost, as any datagram may be.
public final class EchoService: StreamService, Sendable {
    /// `echo`.
    public let applicationProtocol = "echo"
    /// An echo may be made twice without harm.
    public let acceptsEarlyData = true

    /// An echo service.
    public init() {}

    /// Queues the bytes for the way back.
    public func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        guard stream.id.isBidirectional else { return stream.extendCredit(bytes.byteCount) }
        if bytes.byteCount > 0 { try stream.write(bytes) }
        if isFinal { stream.finish() }
    }

    /// Queues the datagram for the way back.
    public func receive(datagram bytes: RawSpan, on connection: Connection) {
        try? connection.sendDatagram(bytes)
    }

    /// Lets the client send as many bytes as were released.
    public func stream(_ stream: Stream, didRelease count: Int) {
        stream.extendCredit(count)
    }
}

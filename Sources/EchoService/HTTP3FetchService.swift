public import QUICServer

/// As much of HTTP/3 as a client needs to fetch `/N` and get N bytes: for peers that speak nothing else, such as
/// Debian's `gtlsclient`.
///
/// RFC 9114 §4.1: a response is a HEADERS frame and DATA frames. This service sends no SETTINGS before GOAWAY, refers to the static
/// QPACK table only, and reads of a request no more than its path. It is not an HTTP/3 server.
public final class HTTP3FetchService: StreamService, Sendable {
    /// `h3`.
    public let applicationProtocol = "h3"
    /// GET may be answered twice without harm. RFC 9110 §9.2.2.
    public let acceptsEarlyData = true
    /// The unidirectional streams a client opens for control and QPACK. RFC 9114 §6.2.
    public static let clientUnidirectionalStreams = 3
    /// H3_REQUEST_REJECTED. RFC 9114 §8.1.
    private static let requestRejectedCode: UInt64 = 0x010b
    /// H3_NO_ERROR. RFC 9114 §8.1.
    public let finishCode: UInt64 = 0x0100
    /// The beginning of a control stream: its type, SETTINGS without any, and GOAWAY with the largest stream ID of requests, which
    /// lets all be answered that are under way. RFC 9114 §§5.2, 6.2.1, 7.2.4 and 7.2.6.
    private static let goAway: [UInt8] = [0x00, 0x04, 0x00, 0x07, 0x08] + [UInt8](repeating: 0xff, count: 7) + [0xfc]
    /// A HEADERS frame with `:status 200`, entry 25 of the static table. RFC 9204 Appendix A.
    private static let okHeaders: [UInt8] = [0x01, 0x03, 0x00, 0x00, 0xd9]

    /// A service for HTTP/3 clients.
    public init() {}

    /// Control and QPACK streams last as long as their connections.
    public func streamDidOpen(_ stream: Stream) {
        if !stream.id.isBidirectional { stream.holdsUpDrain = false }
    }

    /// Tells the client to begin no further request, if it lets the server open a control stream.
    ///
    /// RFC 9114 §5.2: a server that is attempting to gracefully shut down a connection MAY send an initial GOAWAY frame with the
    /// last stream ID set to 2^62-4.
    public func connectionShouldFinish(_ connection: Connection) {
        guard let control = try? connection.openStream(.unidirectional) else { return }
        control.holdsUpDrain = false
        try? control.write(Self.goAway)
    }

    /// Answers a request as soon as its HEADERS frame is there; control and QPACK streams are read and ignored.
    public func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
        guard stream.id.isBidirectional, stream.receivedBytes == UInt64(bytes.byteCount), bytes.byteCount > 0 else {
            return
        }
        guard let count = HTTP3Request(bytes)?.responseBytes, count <= HQInteropService.responseBytesLimit else {
            return stream.reset(code: Self.requestRejectedCode)
        }
        try stream.write((Self.okHeaders + Self.dataFrameHeader(of: count)))
        try stream.finish(generating: count)
    }

    /// The type and length of a DATA frame. RFC 9114 §7.2.1; RFC 9000 §16 for the eight-byte integer.
    private static func dataFrameHeader(of count: UInt64) -> [UInt8] {
        let length = count | 0xc000_0000_0000_0000
        return [0x00] + (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) }
    }
}

/// How a connection ended, as its application sees it.
public struct CloseReport: Sendable, Hashable {
    /// Why it ended.
    public let cause: CloseCause
    /// The error code of the application that closed it, the peer's or our own; nil where neither did. RFC 9000 §20.2.
    public let applicationCode: UInt64?
    /// The reason phrase of the side that closed it, 256 bytes at most, with replacements for what is no UTF-8. RFC 9000 §19.19.
    public let reasonPhrase: String
}

/// The content of the CONNECTION_CLOSE frame that ends a connection, as far as it is known. A connection has one at its end only.
///
/// Owns: itself, and ``reasonPhraseBytesLimit`` of text. Released by: the end of the connection object.
final class ClosingDetails {
    /// The code of the application that closed the connection.
    let applicationCode: UInt64?
    /// The code of the peer's transport that did.
    let peerTransportCode: TransportErrorCode?
    let reasonPhrase: String

    /// Those of an application that closes the connection.
    init(applicationCode code: UInt64, reasonPhrase: String) {
        applicationCode = min(code, Self.largestCode)
        peerTransportCode = nil
        self.reasonPhrase = Array(reasonPhrase.utf8).withRawSpan { Self.phrase($0) }
    }

    /// Those of a peer that has closed the connection.
    init(_ close: NativeConnection.PeerClose) {
        applicationCode = close.isApplication ? close.code : nil
        peerTransportCode = close.isApplication ? nil : TransportErrorCode(rawValue: close.code)
        reasonPhrase = close.reasonPhrase
    }

    /// The largest variable-length integer; ngtcp2 aborts on a larger one. RFC 9000 §16.
    static let largestCode: UInt64 = 1 << 62 - 1
    /// A peer can send a packet full of text, and an application more than fits a packet.
    static let reasonPhraseBytesLimit = 256

    /// The text of a reason phrase, or the beginning of it.
    static func phrase(_ bytes: RawSpan) -> String {
        let kept = bytes.extracting(first: min(bytes.byteCount, reasonPhraseBytesLimit))
        var text = String(decoding: Array(copying: kept), as: UTF8.self)
        // A character that was cut, and bytes that are none, have become longer.
        while text.utf8.count > reasonPhraseBytesLimit { text.unicodeScalars.removeLast() }
        return text
    }
}

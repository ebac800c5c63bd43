internal import CNgtcp2

/// What went wrong in the transport or in its TLS library.
public struct QUICError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which library refused.
    public enum Origin: Sendable, Hashable {
        /// ngtcp2, with its error number.
        case transport(Int32)
        /// GnuTLS, with its error number.
        case tls(Int32)
        /// Neither: what we were given does not make sense.
        case input
    }

    /// Which library refused, and its number for it.
    public let origin: Origin
    /// A sentence for people.
    public let description: String

    /// The connection ID drawn at random leads to another connection.
    public static let connectionIDTaken = QUICError("the connection ID drawn at random is taken")

    /// Whether a library got no memory.
    package var isOutOfMemory: Bool {
        origin == .transport(NGTCP2_ERR_NOMEM) || origin == .tls(GNUTLS_E_MEMORY_ERROR)
    }

    /// Whether the peer allows no further stream for now. RFC 9000 §4.6.
    public var isStreamLimit: Bool { origin == .transport(NGTCP2_ERR_STREAM_ID_BLOCKED) }

    package init(transport code: Int32, during action: String) {
        origin = .transport(code)
        description = "\(action): \(unsafe String(cString: ngtcp2_strerror(code)))"
    }

    package init(tls code: Int32, during action: String) {
        origin = .tls(code)
        description = "\(action): \(unsafe String(cString: gnutls_strerror(code)))"
    }

    package init(_ description: String) {
        origin = .input
        self.description = description
    }

    /// Throws when a GnuTLS call returned a failure.
    package static func checkTLS(_ code: Int32, _ action: @autoclosure () -> String) throws(QUICError) {
        guard code >= 0 else { throw QUICError(tls: code, during: action()) }
    }
}

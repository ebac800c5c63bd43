internal import CNgtcp2
import QUICPackets

/// One TLS session, alive from the first flight to the end of the handshake.
///
/// Owns: a `gnutls_session_t`, about 15 KB when established. Released by: `deinit`, which the connection triggers as
/// soon as the handshake is complete (10.5 KB saved a connection). Bound: by the handshakes in flight, since GnuTLS
/// does not survive a refused allocation.
@safe
package struct TLSSession: ~Copyable {
    let native: gnutls_session_t

    /// - Parameter flags: `GNUTLS_SERVER` or `GNUTLS_CLIENT`, and what goes with it.
    init(flags: UInt32) throws(QUICError) {
        var session: gnutls_session_t?
        let status = unsafe gnutls_init(&session, flags)
        guard let session = unsafe session, status >= 0 else {
            throw QUICError(tls: status, during: "allocating a TLS session")
        }
        unsafe native = session
    }

    deinit {
        unsafe gnutls_deinit(native)
    }

    /// Gives the session what all sessions of its context share.
    borrowing func configure(
        with credentials: borrowing TLSCredentials,
        protocols: ApplicationProtocols?
    ) throws(QUICError) {
        try QUICError.checkTLS(unsafe gnutls_priority_set(native, credentials.priority), "setting TLS preferences")
        let kind = GNUTLS_CRD_CERTIFICATE
        try QUICError.checkTLS(
            unsafe gnutls_credentials_set(native, kind, UnsafeMutableRawPointer(credentials.credentials)),
            "setting TLS credentials"
        )
        try unsafe protocols?.install(on: native)
    }

    /// Ties the session to the connection whose handshake it is, which finds it, and which it finds through `reference`, an
    /// `ngtcp2_crypto_conn_ref`.
    package borrowing func attach(
        to connection: OpaquePointer,
        reference: UnsafeMutableRawPointer?
    ) {
        unsafe gnutls_session_set_ptr(native, reference)
        unsafe ngtcp2_conn_set_tls_native_handle(connection, UnsafeMutableRawPointer(native))
    }

    /// Whether the server's certificate was verified and found wanting.
    package var refusedCertificate: Bool {
        // All bits are set while nothing was verified.
        let status = unsafe gnutls_session_get_verify_cert_status(native)
        return status != 0 && status != .max
    }

    /// The alert that tells why this side refused the peer's certificate; nil where it did not, or where GnuTLS did.
    package var certificateAlert: UInt8? {
        guard let pointer = unsafe gnutls_transport_get_ptr(native) else { return nil }
        return UInt8(exactly: UInt(bitPattern: pointer))
    }

    /// Takes note of why this side refuses the certificate of a session's peer.
    ///
    /// GnuTLS keeps this pointer for a transport of records, which QUIC has none of. It begins as -1.
    static func noteRefusedCertificate(of native: gnutls_session_t, alert: UInt8) {
        unsafe gnutls_transport_set_ptr(native, UnsafeMutableRawPointer(bitPattern: UInt(alert)))
    }

    /// The context that made a session; nil before it has.
    static func context(of native: gnutls_session_t) -> AnyObject? {
        guard let pointer = unsafe gnutls_db_get_ptr(native) else { return nil }
        return unsafe Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// The `ngtcp2_conn` of a session; nil before they are tied together.
    static func connection(of native: gnutls_session_t) -> OpaquePointer? {
        guard let pointer = unsafe gnutls_session_get_ptr(native) else { return nil }
        let reference = unsafe pointer.assumingMemoryBound(to: ngtcp2_crypto_conn_ref.self)
        return unsafe reference.pointee.get_conn?(reference)
    }

    /// The connection whose handshake a session is; nil before they are tied together.
    static func owner(of native: gnutls_session_t) -> AnyObject? {
        guard let pointer = unsafe gnutls_session_get_ptr(native) else { return nil }
        let reference = unsafe pointer.assumingMemoryBound(to: ngtcp2_crypto_conn_ref.self)
        guard let userData = unsafe reference.pointee.user_data else { return nil }
        return unsafe Unmanaged<AnyObject>.fromOpaque(userData).takeUnretainedValue()
    }

    /// The application protocol both sides agreed on; nil when there is none.
    package var selectedProtocol: String? {
        var name = unsafe gnutls_datum_t()
        guard unsafe gnutls_alpn_get_selected_protocol(native, &name) == 0, let data = unsafe name.data else {
            return nil
        }
        return unsafe String(decoding: UnsafeBufferPointer(start: data, count: Int(name.size)), as: UTF8.self)
    }

    /// The peer's certificate, in DER; nil where it has shown none.
    package var peerCertificate: [UInt8]? {
        unsafe Self.peerCertificate(of: native).map {
            unsafe Array(UnsafeBufferPointer(start: $0.data, count: Int($0.size)))
        }
    }

    /// Whether the peer has shown a certificate.
    package var hasPeerCertificate: Bool { unsafe Self.peerCertificate(of: native) != nil }

    /// The certificate that the peer of a session has shown, in memory of the session.
    static func peerCertificate(of native: gnutls_session_t) -> gnutls_datum_t? {
        var count: UInt32 = 0
        guard let chain = unsafe gnutls_certificate_get_peers(native, &count), count > 0 else { return nil }
        return unsafe chain.pointee
    }

    /// The host name that the client asked for (SNI); nil where it asked for none, or for one that is no text. RFC 6066 §3.
    package var serverName: String? { unsafe Self.serverName(of: native) }

    /// The same of a session in the middle of its handshake.
    static func serverName(of native: gnutls_session_t) -> String? {
        unsafe withUnsafeTemporaryAllocation(byteCount: serverNameBytesLimit, alignment: 1) { space in
            var count = space.count
            var kind: UInt32 = 0
            guard unsafe gnutls_server_name_get(native, space.baseAddress, &count, &kind, 0) == 0 else { return nil }
            return unsafe String(validating: UnsafeRawBufferPointer(rebasing: space[..<count]), as: UTF8.self)
        }
    }

    /// A host name of DNS, and its end. RFC 1035 §2.3.4.
    private static let serverNameBytesLimit = 256
}

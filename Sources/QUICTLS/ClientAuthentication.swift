internal import CNgtcp2

/// Whether a server asks its clients for certificates. RFC 8446 §4.3.2.
///
/// A client's message with its certificates may have 8 KiB. The names of
/// the authorities are not sent. A client that has shown a certificate gets no session ticket, so that it shows it each time.
public enum ClientAuthentication: Sendable, Hashable {
    /// It does not. Clients stay anonymous.
    case none
    /// It does, and serves clients that have none as well. An authority in the PEM file has to vouch for one that is shown.
    case requested(authorities: String)
    /// It does, and serves only clients for which an authority in the PEM file vouches.
    case required(authorities: String)

    /// The longest message with a client's certificates: 8 bytes, and for each certificate 5 and its DER. RFC 8446 §4.4.2.
    @inlinable package static var certificateMessageBytesLimit: Int { 8 << 10 }

    /// The PEM file with the authorities; nil where none are needed.
    var authorities: String? {
        switch self {
        case .none: nil
        case .requested(let authorities), .required(let authorities): authorities
        }
    }

    /// Makes a server's session ask its client.
    func install(on session: borrowing TLSSession) {
        switch self {
        case .none: return
        case .requested: unsafe gnutls_certificate_server_set_request(session.native, GNUTLS_CERT_REQUEST)
        case .required: unsafe gnutls_certificate_server_set_request(session.native, GNUTLS_CERT_REQUIRE)
        }
        // Those of all authorities that a system trusts are 20 KB, more than a handshake has room for.
        unsafe gnutls_certificate_send_x509_rdn_sequence(session.native, 1)
        unsafe gnutls_session_set_verify_function(session.native, verifyClient)
    }
}

/// Verifies the certificates of a session's client, if it has shown some. Not 0 ends the handshake with an alert.
///
/// GnuTLS itself refuses clients that show none where one is required.
private let verifyClient: @convention(c) (gnutls_session_t?) -> Int32 = { session in
    guard let session = unsafe session else { return GNUTLS_E_INTERNAL_ERROR }
    guard unsafe TLSSession.peerCertificate(of: session) != nil else { return 0 }
    var status: UInt32 = 0
    var oid = Array(KeyPurpose.client.utf8CString)
    let code = unsafe oid.withUnsafeMutableBytes { oid in
        var purpose = unsafe gnutls_typed_vdata_st(
            type: GNUTLS_DT_KEY_PURPOSE_OID,
            data: oid.baseAddress?.assumingMemoryBound(to: UInt8.self),
            size: 0
        )
        return unsafe gnutls_certificate_verify_peers(session, &purpose, 1, &status)
    }
    guard code != 0 || status != 0 else { return 0 }
    unsafe TLSSession.noteRefusedCertificate(of: session, alert: alert(code: code, status: status))
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR
}

/// The alert for a certificate that did not stand up to verification. RFC 8446 §6.2.
private func alert(code: Int32, status: UInt32) -> UInt8 {
    let has = { (flag: gnutls_certificate_status_t) in status & UInt32(flag.rawValue) != 0 }
    let found: gnutls_alert_description_t =
        if code != 0 {
            GNUTLS_A_BAD_CERTIFICATE
        } else if has(GNUTLS_CERT_SIGNER_NOT_FOUND) {
            GNUTLS_A_UNKNOWN_CA
        } else if has(GNUTLS_CERT_EXPIRED) || has(GNUTLS_CERT_NOT_ACTIVATED) {
            GNUTLS_A_CERTIFICATE_EXPIRED
        } else if has(GNUTLS_CERT_PURPOSE_MISMATCH) {
            GNUTLS_A_UNSUPPORTED_CERTIFICATE
        } else {
            GNUTLS_A_BAD_CERTIFICATE
        }
    return UInt8(truncatingIfNeeded: found.rawValue)
}

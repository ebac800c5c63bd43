internal import CNgtcp2

/// What all TLS sessions of a client share. Certificates are not verified: its targets are test servers.
///
/// Owns: GnuTLS credentials and a priority cache. Released by: `deinit`.
@safe
public final class TLSClientContext: @unchecked Sendable {
    /// The application protocols this client offers, in its order of preference.
    public let protocols: ApplicationProtocols
    private let serverName: String
    private let credentials: TLSCredentials

    /// - Parameter serverName: The name sent to the server. RFC 6066 §3.
    public init(protocols: ApplicationProtocols, serverName: String = "localhost") throws(QUICError) {
        self.protocols = protocols
        self.serverName = serverName
        credentials = try TLSCredentials()
    }

    /// A session for one outgoing connection.
    func makeSession() throws(QUICError) -> TLSSession {
        let session = try TLSSession(flags: qh_gnutls_client_flags())
        try session.configure(with: credentials, protocols: protocols)
        try QUICError.checkTLS(
            unsafe gnutls_server_name_set(session.native, GNUTLS_NAME_DNS, serverName, serverName.utf8.count),
            "setting the server name \(serverName)"
        )
        guard unsafe ngtcp2_crypto_gnutls_configure_client_session(session.native) == 0 else {
            throw QUICError("ngtcp2 could not configure a TLS session")
        }
        return session
    }
}

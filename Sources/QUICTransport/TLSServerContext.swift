internal import CNgtcp2

/// What all TLS sessions of a server share: certificate, preferences, protocols and the ticket key.
///
/// Safe to share between workers: GnuTLS only reads it once it is set up.
///
/// Owns: GnuTLS credentials, a priority cache and the ticket keys. Released by: `deinit`.
@safe
public final class TLSServerContext: @unchecked Sendable {
    /// The application protocols this server speaks, in its order of preference.
    public let protocols: ApplicationProtocols
    private let credentials: TLSCredentials
    private var ticketKeys = TicketKeys()
    /// The bytes of the certificates that every full handshake sends.
    package let certificateChainBytes: Int
    private let transcriptBytesLimit: Int

    /// - Throws: When a certificate file cannot be read, or GnuTLS refuses it.
    public convenience init(certificate: CertificateSource, protocols: ApplicationProtocols) throws(QUICError) {
        try self.init(
            certificate: certificate,
            protocols: protocols,
            transcriptBytesLimit: TransportConfiguration.transcriptBytesLimit
        )
    }

    /// A context with another limit on what both sides say together, for tests.
    package init(
        certificate: CertificateSource,
        protocols: ApplicationProtocols,
        transcriptBytesLimit: Int
    ) throws(QUICError) {
        self.protocols = protocols
        self.transcriptBytesLimit = transcriptBytesLimit
        credentials = try TLSCredentials()
        try credentials.install(certificate)
        certificateChainBytes = credentials.certificateChainBytes
        try ticketKeys.generate()
    }

    /// A session for one incoming connection whose client begins with `version`.
    func makeSession(version: UInt32) throws(QUICError) -> TLSSession {
        let session = try TLSSession(flags: qh_gnutls_server_flags())
        try session.configure(with: credentials, protocols: protocols)
        try QUICError.checkTLS(
            unsafe ticketKeys.install(on: session.native, version: version),
            "enabling session tickets"
        )
        unsafe gnutls_handshake_set_max_packet_length(session.native, transcriptBytesLimit)
        unsafe gnutls_handshake_set_hook_function(
            session.native,
            UInt32(GNUTLS_HANDSHAKE_CLIENT_HELLO.rawValue),
            Int32(GNUTLS_HOOK_POST),
            checkClientHello
        )
        guard unsafe ngtcp2_crypto_gnutls_configure_server_session(session.native) == 0 else {
            throw QUICError("ngtcp2 could not configure a TLS session")
        }
        return session
    }
}

extension TLSServerContext {
    /// Lets `session` make its tickets for `version`, which the connection has changed to; false where it cannot.
    func changeTickets(of session: inout TLSSession?, to version: QUICVersion) -> Bool {
        guard let native = unsafe session?.native else { return false }
        return unsafe ticketKeys.install(on: native, version: version.rawValue) == 0
    }

    /// The keys of session tickets, one for each version.
    ///
    /// RFC 9369 §5: "Servers MUST validate the originating version of any session ticket or token and MUST NOT accept one issued
    /// from a different version."
    ///
    /// Owns: 64 bytes for each key. Released by: `deinit`.
    @safe
    private struct TicketKeys: ~Copyable {
        private var first = unsafe gnutls_datum_t()
        private var second = unsafe gnutls_datum_t()

        mutating func generate() throws(QUICError) {
            try QUICError.checkTLS(
                unsafe gnutls_session_ticket_key_generate(&first),
                "generating a session ticket key"
            )
            try QUICError.checkTLS(
                unsafe gnutls_session_ticket_key_generate(&second),
                "generating a session ticket key"
            )
        }

        deinit {
            unsafe qh_gnutls_free(first.data)
            unsafe qh_gnutls_free(second.data)
        }

        func install(on session: gnutls_session_t, version: UInt32) -> Int32 {
            var key = unsafe version == QUICVersion.v2.rawValue ? second : first
            return unsafe gnutls_session_ticket_enable_server(session, &key)
        }
    }
}

/// What GnuTLS and ngtcp2 leave to us of a ClientHello.
private let checkClientHello:
    @convention(c) (OpaquePointer?, UInt32, UInt32, UInt32, UnsafePointer<gnutls_datum_t>?) -> Int32 = {
        session,
        _,
        _,
        _,
        message in
        guard let session = unsafe session, let connection = unsafe Connection.native(of: session) else {
            return GNUTLS_E_INTERNAL_ERROR
        }
        // RFC 9001 §8.2: "endpoints that receive ClientHello or EncryptedExtensions messages without the
        // quic_transport_parameters extension MUST close the connection with an error of type 0x016d". ngtcp2 looks for it when
        // the handshake is complete, and aborts the process when it sends a short header packet before that: there is no
        // version before there are parameters.
        guard unsafe ngtcp2_conn_get_negotiated_version(connection) != 0 else { return GNUTLS_E_MISSING_EXTENSION }
        if let message = unsafe message, unsafe DuplicateParameters.areIn(clientHello: message) {
            unsafe ngtcp2_conn_set_tls_error(connection, NGTCP2_ERR_TRANSPORT_PARAM)
            return GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER
        }
        // RFC 9001 §8.1: endpoints MUST immediately close a connection with a no_application_protocol alert if an application
        // protocol is not negotiated. GnuTLS checks it only for clients that send the extension.
        var name = unsafe gnutls_datum_t()
        let found = unsafe gnutls_alpn_get_selected_protocol(session, &name) == 0
        return found ? 0 : GNUTLS_E_NO_APPLICATION_PROTOCOL
    }

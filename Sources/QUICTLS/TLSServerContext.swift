internal import CNgtcp2
public import QUICPackets

/// The parts that all TLS sessions of a server share: certificates, preferences, protocols and the ticket key.
///
/// Safe to share between workers: GnuTLS only reads it once it is set up.
///
/// Owns: GnuTLS credentials and a priority cache for each certificate, and the ticket keys. Released by: `deinit`.
@safe
public final class TLSServerContext: @unchecked Sendable {
    /// The application protocols this server speaks, in its order of preference.
    public let protocols: ApplicationProtocols
    private let certificate: ServerCertificate
    private let additionalCertificates: [ServerCertificate]
    private let clientAuthentication: ClientAuthentication
    private var ticketKeys = TicketKeys()
    /// The most bytes of certificates that a full handshake sends.
    package let certificateChainBytes: Int
    /// The bytes of all messages of a handshake on both sides, as GnuTLS limits them.
    @inlinable package static var transcriptBytesLimit: Int { 128 << 10 }
    private let transcriptBytesLimit: Int
    /// Takes the sessions' secrets.
    let keyLog: KeyLog?
    /// Decides about early data; nil where none is accepted.
    package let earlyData: EarlyDataGate?
    private let announcesProtocol: Bool

    /// - Parameters:
    ///   - certificate: The certificate for clients that ask for no name, or for one that none is for.
    ///   - additionalCertificates: Those for other names. The first that is for the name counts.
    ///   - clientAuthentication: Whether clients are asked for certificates.
    ///   - keyLog: Takes the sessions' secrets; nil, the default, for none.
    ///   - earlyData: How early data is accepted; nil, the default, for not at all.
    /// - Throws: When a file cannot be read, or GnuTLS refuses it.
    public convenience init(
        certificate: CertificateSource,
        additionalCertificates: [CertificateSource] = [],
        protocols: ApplicationProtocols,
        clientAuthentication: ClientAuthentication = .none,
        keyLog: KeyLog? = nil,
        earlyData: EarlyDataConfiguration? = nil
    ) throws(QUICError) {
        try self.init(
            certificate: certificate,
            additionalCertificates: additionalCertificates,
            protocols: protocols,
            clientAuthentication: clientAuthentication,
            keyLog: keyLog,
            earlyData: earlyData,
            transcriptBytesLimit: TLSServerContext.transcriptBytesLimit,
            announcesProtocol: true
        )
    }

    /// A context with another limit on what both sides say together, one that agrees on no protocol, or one that signs with a library of
    /// choice, for tests.
    package init(
        certificate: CertificateSource,
        additionalCertificates: [CertificateSource] = [],
        protocols: ApplicationProtocols,
        clientAuthentication: ClientAuthentication = .none,
        keyLog: KeyLog? = nil,
        earlyData: EarlyDataConfiguration? = nil,
        transcriptBytesLimit: Int = TLSServerContext.transcriptBytesLimit,
        announcesProtocol: Bool = true,
        signers: Set<HandshakeSigner> = Set(HandshakeSigner.allCases)
    ) throws(QUICError) {
        self.protocols = protocols
        self.transcriptBytesLimit = transcriptBytesLimit
        self.announcesProtocol = announcesProtocol
        self.clientAuthentication = clientAuthentication
        self.keyLog = keyLog
        self.earlyData = try earlyData.map { configuration throws(QUICError) in try EarlyDataGate(configuration) }
        let authorities = clientAuthentication.authorities
        self.certificate = try ServerCertificate(certificate, authorities: authorities, signers: signers)
        var others: [ServerCertificate] = []
        for source in additionalCertificates {
            others.append(try ServerCertificate(source, authorities: authorities, signers: signers))
        }
        self.additionalCertificates = others
        certificateChainBytes = others.reduce(self.certificate.credentials.certificateChainBytes) {
            max($0, $1.credentials.certificateChainBytes)
        }
        try ticketKeys.generate()
    }

    /// The library that signs for clients that ask for no name.
    package var signer: HandshakeSigner { certificate.signer }

    /// Whether clients are asked for certificates.
    package var asksForCertificates: Bool { clientAuthentication != .none }

    /// A session for one incoming connection whose client begins with `version`.
    package func makeSession(version: UInt32) throws(QUICError) -> TLSSession {
        let session = try TLSSession(
            flags: qh_gnutls_server_flags() | (earlyData == nil ? 0 : qh_gnutls_early_data_flags())
        )
        try session.configure(with: certificate.credentials, protocols: announcesProtocol ? protocols : nil)
        if !additionalCertificates.isEmpty {
            unsafe gnutls_handshake_set_post_client_hello_function(session.native, chooseCertificate)
        }
        clientAuthentication.install(on: session)
        if keyLog != nil { session.logKeys() }
        try QUICError.checkTLS(
            unsafe ticketKeys.install(on: session.native, version: version),
            "enabling session tickets"
        )
        unsafe gnutls_handshake_set_max_packet_length(session.native, transcriptBytesLimit)
        unsafe gnutls_handshake_set_hook_function(
            session.native,
            UInt32(GNUTLS_HANDSHAKE_CLIENT_HELLO.rawValue),
            Int32(earlyData == nil ? GNUTLS_HOOK_POST : GNUTLS_HOOK_BOTH),
            earlyData == nil ? checkClientHello : examineClientHello
        )
        // GnuTLS keeps this pointer for a store of sessions, which this server has none of; the context outlives its sessions.
        unsafe gnutls_db_set_ptr(session.native, Unmanaged.passUnretained(self).toOpaque())
        try earlyData?.configure(session)
        guard unsafe ngtcp2_crypto_gnutls_configure_server_session(session.native) == 0 else {
            throw QUICError("ngtcp2 could not configure a TLS session")
        }
        session.keepKeysInBoxes()
        return session
    }

    /// The context that made `session`; nil for a client's.
    static func of(_ session: gnutls_session_t) -> TLSServerContext? {
        unsafe TLSSession.context(of: session) as? TLSServerContext
    }
}

extension TLSServerContext {
    /// The certificate that is for `name`; nil where it is the first one, which sessions have already, or there is none.
    fileprivate func additionalCertificate(for name: String) -> ServerCertificate? {
        certificate.isFor(name) ? nil : additionalCertificates.first { $0.isFor(name) }
    }

    /// Lets `session` make its tickets for `version`, which the connection has changed to; false where it cannot.
    package func changeTickets(of session: inout TLSSession?, to version: QUICVersion) -> Bool {
        guard let native = unsafe session?.native else { return false }
        if earlyData != nil, let name = session?.selectedProtocol {
            return unsafe installTicketKey(on: native, boundTo: name, version: version)
        }
        return unsafe ticketKeys.install(on: native, version: version.rawValue) == 0
    }

    /// Gives `session` a key whose tickets are good for connections with the same application protocol and transport parameters only.
    ///
    /// - Parameter version: The version that the connection has changed to; nil for its first one.
    /// - Returns: Whether it has the key: not where GnuTLS has used another one already.
    func installTicketKey(on session: gnutls_session_t, boundTo name: String, version: QUICVersion? = nil) -> Bool {
        guard let first = unsafe TLSSession.firstVersion(of: session),
            let parameters = unsafe TLSSession.rememberedParameters(of: session)
        else { return false }
        let terms = Array(name.utf8) + [0] + parameters
        return unsafe ticketKeys.install(on: session, version: (version ?? first).rawValue, boundTo: terms) == 0
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

        /// The same with a key derived for `terms`: HMAC-SHA512 of them under the version's key, which has as many bytes.
        func install(on session: gnutls_session_t, version: UInt32, boundTo terms: [UInt8]) -> Int32 {
            let root = unsafe version == QUICVersion.v2.rawValue ? second : first
            return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.byteCount) { space in
                let status = unsafe gnutls_hmac_fast(
                    GNUTLS_MAC_SHA512,
                    root.data,
                    Int(root.size),
                    terms,
                    terms.count,
                    space.baseAddress
                )
                precondition(status == 0, "GnuTLS has HMAC-SHA512")
                var key = unsafe gnutls_datum_t(data: space.baseAddress, size: UInt32(Self.byteCount))
                defer { unsafe gnutls_memset(space.baseAddress, 0, Self.byteCount) }
                return unsafe gnutls_session_ticket_enable_server(session, &key)
            }
        }

        /// The bytes of a ticket key of GnuTLS's, and of SHA-512.
        private static let byteCount = 64
    }
}

/// Gives a session the certificate for the name that its client asks for. RFC 6066 §3.
private let chooseCertificate: @convention(c) (gnutls_session_t?) -> Int32 = { session in
    guard let session = unsafe session, let name = unsafe TLSSession.serverName(of: session),
        let certificate = unsafe TLSServerContext.of(session)?.additionalCertificate(for: name)
    else { return 0 }
    return unsafe certificate.install(on: session)
}

/// What GnuTLS and ngtcp2 leave to us of a ClientHello.
let checkClientHello: @convention(c) (OpaquePointer?, UInt32, UInt32, UInt32, UnsafePointer<gnutls_datum_t>?) -> Int32 =
    {
        session,
        _,
        _,
        _,
        message in
        guard let session = unsafe session, let connection = unsafe TLSSession.connection(of: session) else {
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

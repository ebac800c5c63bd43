internal import CNgtcp2
import Datagrams
public import QUICPackets

/// What all TLS sessions of a client share.
///
/// One that resumes sessions is used by one thread at a time.
///
/// Owns: GnuTLS credentials and a priority cache, which it may share with contexts for other servers, copies of the server's name, and
/// the latest ticket (1 to 3 KB). Released by: `deinit`.
@safe
public final class TLSClientContext: @unchecked Sendable {
    /// The application protocols this client offers, in its order of preference.
    public let protocols: ApplicationProtocols
    private let serverName: String
    private let expectation: CertificateExpectation
    private let credentials: SharedCredentials
    /// How servers prove who they are.
    let verification: ServerVerification
    /// The ticket that the next session begins with; nil where none resumes.
    package let tickets: SessionTicketStore?
    /// Takes the sessions' secrets.
    let keyLog: KeyLog?
    /// How the sessions' first messages differ from usual ones.
    let hello: ClientHelloChanges

    /// - Parameters:
    ///   - serverName: The name sent to the server unless it is an address, RFC 6066 §3, and the one its certificate has
    ///     to be for.
    ///   - verification: How the server proves who it is.
    ///   - resumesSessions: Whether a session begins with the latest ticket of an earlier one. RFC 8446 §2.2. Each
    ///     connection then keeps its TLS session, 10.5 KB, until its ticket has come.
    ///   - certificate: The certificate for servers that ask for one; nil, the default, for none. RFC 8446 §4.4.2.
    ///   - keyLog: Takes the sessions' secrets; nil, the default, for none.
    /// - Throws: When a file cannot be read or holds no certificate, or the client's own ones are longer than servers take.
    public convenience init(
        protocols: ApplicationProtocols,
        serverName: String = "localhost",
        verification: ServerVerification = .none,
        resumesSessions: Bool = false,
        certificate: CertificateSource? = nil,
        keyLog: KeyLog? = nil
    ) throws(QUICError) {
        try self.init(
            protocols: protocols,
            serverName: serverName,
            verification: verification,
            resumesSessions: resumesSessions,
            certificate: certificate,
            hello: ClientHelloChanges(),
            keyLog: keyLog
        )
    }

    /// A context whose sessions begin with another message than usual.
    package init(
        protocols: ApplicationProtocols,
        serverName: String = "localhost",
        verification: ServerVerification = .none,
        resumesSessions: Bool = false,
        certificate: CertificateSource? = nil,
        certificateMessageBytesLimit: Int = ClientAuthentication.certificateMessageBytesLimit,
        hello: ClientHelloChanges,
        keyLog: KeyLog? = nil
    ) throws(QUICError) {
        self.protocols = protocols
        self.hello = hello
        self.serverName = serverName
        self.verification = verification
        credentials = try SharedCredentials(for: verification)
        if let certificate { try credentials.install(certificate, messageBytesLimit: certificateMessageBytesLimit) }
        tickets = resumesSessions ? SessionTicketStore() : nil
        self.keyLog = keyLog
        expectation = CertificateExpectation(of: serverName)
    }

    /// A context for another server, with a ticket of its own. It shares everything else with `other`, authorities above all.
    public init(for serverName: String, like other: TLSClientContext) {
        protocols = other.protocols
        hello = other.hello
        self.serverName = serverName
        verification = other.verification
        credentials = other.credentials
        tickets = other.tickets == nil ? nil : SessionTicketStore()
        keyLog = other.keyLog
        expectation = CertificateExpectation(of: serverName)
    }

    /// The credentials of contexts that differ in the server only.
    private final class SharedCredentials {
        let value: TLSCredentials

        init(for verification: ServerVerification) throws(QUICError) {
            value = try TLSCredentials()
            switch verification {
            case .systemAuthorities: try value.trustSystem()
            case .authorities(let file): try value.trust(file)
            case .keys([]): throw QUICError("no key would be accepted; at least one is needed")
            case .keys, .none: break
            }
        }

        func install(_ certificate: CertificateSource, messageBytesLimit: Int) throws(QUICError) {
            _ = try value.install(certificate, signers: Set(HandshakeSigner.allCases))
            let needed = value.certificateMessageBytes
            guard needed <= messageBytesLimit else {
                throw QUICError(
                    "the client's certificates make a message of \(needed) bytes; accepted are up to \(messageBytesLimit) bytes"
                )
            }
        }
    }

    /// A session for one outgoing connection.
    ///
    /// - Parameter offersEarlyData: Whether it tells the server that early data follows.
    package func makeSession(offersEarlyData: Bool = false) throws(QUICError) -> TLSSession {
        // GnuTLS would compare with a certificate the part before it alone, and without a name nothing at all.
        guard !serverName.utf8.contains(0) else { throw QUICError("the server name '\(serverName)' has a NUL in it") }
        let session = try TLSSession(
            flags: qh_gnutls_client_flags() | (offersEarlyData ? qh_gnutls_early_data_flags() : 0)
        )
        try session.configure(with: credentials.value, protocols: protocols)
        if !isAddress(serverName) {
            try QUICError.checkTLS(
                unsafe gnutls_server_name_set(session.native, GNUTLS_NAME_DNS, serverName, serverName.utf8.count),
                "setting the server name \(serverName)"
            )
        }
        switch verification {
        case .systemAuthorities, .authorities:
            unsafe gnutls_session_set_verify_cert2(session.native, expectation.values, expectation.count, 0)
        case .keys: unsafe gnutls_session_set_verify_function(session.native, Self.verifyKey)
        case .none: break
        }
        if let tickets { session.resume(with: tickets) }
        if keyLog != nil { session.logKeys() }
        // GnuTLS keeps this pointer for a store of sessions, which a client has none of; the context outlives its sessions.
        unsafe gnutls_db_set_ptr(session.native, Unmanaged.passUnretained(self).toOpaque())
        try session.install(hello)
        let status = unsafe ngtcp2_crypto_gnutls_configure_client_session(session.native)
        // Its last step registers the transport parameters, which fails where ours are registered already.
        guard status == 0 || hello.transportParameters != nil else {
            throw QUICError("ngtcp2 could not configure a TLS session")
        }
        session.keepKeysInBoxes()
        return session
    }

    /// The context that made `session`; nil for a server's.
    static func of(_ session: gnutls_session_t) -> TLSClientContext? {
        unsafe TLSSession.context(of: session) as? TLSClientContext
    }

    /// RFC 6066 §3: literal IPv4 and IPv6 addresses are not permitted in a server name.
    private func isAddress(_ name: String) -> Bool {
        SocketAddress("\(name):0") != nil || SocketAddress("[\(name)]:0") != nil
    }
}

/// The name and the purpose that a server's certificate has to be for, in memory that GnuTLS refers to for as long as a session verifies
/// a certificate: it copies neither the array nor its strings.
///
/// RFC 5280 §4.2.1.12: "If the extension is present, then the certificate MUST only be used for one of the purposes indicated."
/// A certificate without the extension, or for any purpose, is accepted.
///
/// Owns: an array of two elements and the string of each. Released by: `deinit`. Bound: the length of the name, and about 80 bytes.
@safe
private final class CertificateExpectation {
    private let elements: UnsafeMutableBufferPointer<gnutls_typed_vdata_st>

    /// The elements for GnuTLS, and how many there are.
    var values: UnsafeMutablePointer<gnutls_typed_vdata_st>? { unsafe elements.baseAddress }
    var count: UInt32 { unsafe UInt32(elements.count) }

    init(of serverName: String) {
        unsafe elements = .allocate(capacity: 2)
        unsafe elements.initializeElement(at: 0, to: Self.element(GNUTLS_DT_DNS_HOSTNAME, serverName))
        unsafe elements.initializeElement(at: 1, to: Self.element(GNUTLS_DT_KEY_PURPOSE_OID, KeyPurpose.server))
    }

    deinit {
        for index in 0..<Int(count) { unsafe elements[index].data?.deallocate() }
        unsafe elements.deinitialize().deallocate()
    }

    /// Of size 0: GnuTLS reads a string up to its NUL.
    private static func element(_ kind: gnutls_vdata_types_t, _ text: String) -> gnutls_typed_vdata_st {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count + 1)
        _ = unsafe bytes.initialize(fromContentsOf: Array(text.utf8) + [0])
        return unsafe gnutls_typed_vdata_st(type: kind, data: bytes.baseAddress, size: 0)
    }
}

/// Object identifiers of the purposes of certificates, the values of GnuTLS's macros. RFC 5280 §4.2.1.12.
enum KeyPurpose {
    /// id-kp-serverAuth.
    static let server = "1.3.6.1.5.5.7.3.1"
    /// id-kp-clientAuth.
    static let client = "1.3.6.1.5.5.7.3.2"
}

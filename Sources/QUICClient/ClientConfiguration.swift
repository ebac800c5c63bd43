public import QUICTransport

/// How a client connects, and what its connections may use.
public struct ClientConfiguration: Sendable {
    /// The application protocols to offer, in order of preference; at least one. RFC 7301.
    public var applicationProtocols: [String]
    /// How servers prove who they are. Default: to the authorities that the system trusts.
    public var verification = ServerVerification.systemAuthorities
    /// The certificate for servers that ask for one, whose message may have
    /// ``QUICTransport/TransportConfiguration/clientCertificateMessageBytesLimit``. Nil, the default, for none. RFC 8446 §4.4.2.
    ///
    /// The client has completed its handshake before the server has seen its certificate. A server that refuses it closes the
    /// connection afterwards, with a cause of ``QUICTransport/CloseCause/tlsAlert(_:)`` in the ``QUICTransport/CloseReport``.
    public var certificate: CertificateSource?
    /// Whether a connection to a server begins with the latest ticket of an earlier one, which saves its certificates. Default true.
    /// A connection then keeps its TLS session, 10.5 KB, until its ticket has come. RFC 8446 §2.2.
    public var resumesSessions = true
    /// The limits of each connection. Its handshake timeout does not count: each connection is opened with one of its own.
    public var transport = TransportConfiguration()
    /// Connections at once, those in their handshakes and hosts that are looked up among them. Default 1,000.
    public var connectionLimit = 1_000
    /// Bytes that all connections may hold together. Default 256 MiB.
    public var memoryBytesLimit = 256 << 20
    /// Finds the addresses of hosts. Default: it asks the system.
    public var resolver: any HostResolver = SystemResolver()
    /// Gets the secrets of all sessions; nil, the default, for nobody.
    public var keyLog: KeyLog?

    /// The defaults of a client: it lets servers open no streams, and a connection may rest for as long as its idle timeout allows.
    public init(applicationProtocols: [String]) {
        self.applicationProtocols = applicationProtocols
        // A server's certificates may come out of order.
        transport.handshakeBytesLimit = TransportConfiguration.handshakeBytesLimitOfClients
        // These are for servers: they end clients that keep themselves alive without any use.
        transport.noProgressTimeout = nil
        transport.acknowledgementTimeout = nil
        transport.peerBidirectionalStreams = 0
        transport.peerUnidirectionalStreams = 0
    }

    /// Names of servers whose tickets a client keeps.
    static let serverNamesLimit = 256
}

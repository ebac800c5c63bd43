public import Datagrams
public import QUICEndpoint
public import QUICTransport

/// How a server listens, and what it gives each connection.
public struct ServerConfiguration: Sendable {
    /// Where to listen; port 0 lets the system choose one. Default `127.0.0.1:4433`.
    public var listenAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 4433)
    /// The certificate. Default: a self-signed one made at start-up.
    public var certificate = CertificateSource.selfSigned
    /// Certificates for other names than that one's: a client that asks for such a name is shown the first that is for it, and any
    /// other client ``certificate``. About 15 KB each. Default: none. RFC 6066 §3.
    public var additionalCertificates: [CertificateSource] = []
    /// Whether clients are asked for certificates. Default: they are not. Each handshake in flight is kept 24 KiB more where they are.
    public var clientAuthentication = ClientAuthentication.none
    /// How early data (0-RTT) is accepted, for services that ask for it. Nil, the default, for not at all: it may be a replay, and
    /// ``QUICTLS/EarlyDataConfiguration`` says for which services that is safe. Its
    /// ``QUICTLS/EarlyDataConfiguration/replayStoreBytesLimit`` is part of the memory limit. RFC 9001 §4.6.
    public var earlyData: EarlyDataConfiguration?
    /// Gets the secrets of all sessions, which let anyone read and forge what both sides say: for debugging alone. Called on the
    /// threads of all workers. Nil, the default, for nobody.
    public var keyLog: KeyLog?
    /// What a connection may use.
    public var transport = TransportConfiguration()
    /// When new connections are turned away.
    public var admission = AdmissionLimits()
    /// Bytes that all connections may hold together; nil for a quarter of the machine's memory, or of the least limit of a
    /// control group or of the process itself.
    public var memoryBytesLimit: Int?
    /// Connections alive at once, over all workers; nil for as many as fit into the memory limit at their worst.
    public var connectionLimit: Int?
    /// Threads, each with a socket and connections of its own. Default 1: the process may have other work for its processors.
    /// ``processorCount()`` are as many as can be busy at the same time.
    public var workerCount = 1
    /// Whether each worker's thread stays on one of the processors that the process may use, the first worker on the first. Default
    /// false: the system moves a thread away from a processor that others keep busy.
    public var pinsWorkers = false
    /// How many of its latest events each worker keeps, 72 bytes each; 0 for none, at most ``QUICEndpoint/EventLog/capacityLimit``.
    /// Default 256.
    public var eventLogCapacity = EventLog.capacityDefault
    /// What stateless reset tokens are derived from. A server with that of its predecessor can end connections which that one
    /// left behind. RFC 9000 §10.3.2. Default: random.
    public var resetSecret = EndpointSecret()
    /// The keys of address validation tokens; their ``QUICPackets/TokenKeys/clockOffset`` is the server's affair. Default: random.
    public var tokenKeys = TokenKeys()
    /// Whether the kernel takes packets to their worker. Without it workers hand over what they get of each other's;
    /// off only for tests of that.
    var steersDatagrams = true

    /// The defaults.
    public init() {}

    /// Processors that this process may use at this moment: those of its affinity mask, and no more than a quota of its control groups
    /// (`cpu.max` of version 2, rounded up) allows; at most ``workerCountLimit``.
    public static func processorCount() -> Int { min(AvailableProcessors.current().count, workerCountLimit) }

    /// The most workers: the index of each is one byte of the connection IDs it issues.
    public static let workerCountLimit = 256
}

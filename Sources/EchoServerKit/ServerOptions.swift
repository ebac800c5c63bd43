public import ArgumentParser
internal import CommandLineValues
internal import Datagrams
public import QUICEndpoint
package import QUICServer
internal import QUICTransport
internal import TextValues

/// The options that say how connections are served, and the configuration they make.
package struct ServerOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let configuration = ServerConfiguration()
        static let (transport, admission) = (configuration.transport, configuration.admission)
        static let services = ServiceList([.echo, .hqInterop])
        static let idleTimeout = DurationArgument(transport.idleTimeout)
        static let handshakeTimeout = DurationArgument(transport.handshakeTimeout)
        static let noProgressTimeout = transport.noProgressTimeout.map(DurationArgument.init)
        static let minimumProgress = ByteCountArgument(transport.minimumProgressBytes)
        static let drainTimeout = DurationArgument(Server.drainTimeoutDefault)
        static let tokenKeyLifetime = DurationArgument(configuration.tokenKeys.lifetime)
        static let handshakeMemory = ByteCountArgument(transport.handshakeBytesLimit)
        static let connectionMemory = ByteCountArgument(transport.connectionBytesLimit)
        static let streamWindow = WindowArgument(transport.streamWindow)
        static let connectionWindow = WindowArgument(transport.connectionWindow)
    }

    @Option(
        help: """
            The address and UDP port to listen on, such as 127.0.0.1:4433 or [::1]:4433; port 0 lets the system \
            choose. (default: \(Default.configuration.listenAddress))
            """,
        transform: Self.address
    )
    var listen = Default.configuration.listenAddress

    @Option(
        help: """
            A PEM file with the certificate chain; again for another name, which clients are shown that ask for it. \
            (default: a self-signed certificate, kept in memory)
            """
    )
    var certificate: [String] = []

    @Option(help: "A PEM file with the certificate's private key; one for each certificate, in the same order.")
    var privateKey: [String] = []

    @Option(
        help: """
            A PEM file with authorities, one of which has to vouch for each client's certificate. (default: clients are not \
            asked for certificates)
            """
    )
    var clientAuthorities: String?

    @Option(
        help: "How long a silent connection lives. (default: \(Default.idleTimeout))",
        transform: DurationArgument.init
    )
    var idleTimeout = Default.idleTimeout

    @Option(
        help: "How long a handshake may take. (default: \(Default.handshakeTimeout))",
        transform: DurationArgument.init
    )
    var handshakeTimeout = Default.handshakeTimeout

    @Option(
        help: """
            How long a connection may go without progress on its streams. \
            (default: \(Default.noProgressTimeout.map(\.description) ?? "for ever"))
            """,
        transform: DurationArgument.init
    )
    var noProgressTimeout = Default.noProgressTimeout

    @Option(
        help: """
            How many bytes, received or acknowledged, are progress; a stream that ends in order is, too. \
            (default: \(Default.minimumProgress))
            """,
        transform: ByteCountArgument.init
    )
    var minimumProgress = Default.minimumProgress

    @Option(
        help: """
            How many packets a second may bring nothing before their connection is closed; 0 for any number. \
            (default: \(Default.transport.uselessPacketsPerSecond ?? 0))
            """
    )
    var uselessPackets = Default.transport.uselessPacketsPerSecond ?? 0

    @Option(
        help: """
            The same while a thread has no time left; 0 for the number of other times. \
            (default: \(Default.transport.uselessPacketsPerSecondWhenBusy ?? 0))
            """
    )
    var uselessPacketsWhenBusy = Default.transport.uselessPacketsPerSecondWhenBusy ?? 0

    @Option(help: "When clients have to prove their addresses; auto: while many handshakes are under way.")
    var retry = Default.admission.retryPolicy

    @Option(
        help: """
            How many connections one source may have, for each thread: an IPv4 address, or the first 64 bits of an IPv6 \
            address. (default: no limit)
            """
    )
    var connectionsPerSource: Int?

    @Option(
        help: """
            How many handshakes of one source may be in flight, for each thread, before its clients have to prove their \
            addresses; twice as many and they are refused. (default: no limit)
            """
    )
    var handshakesPerSource: Int?

    @Flag(help: "Answer first packets from source ports of services that attacks are reflected by, such as DNS.")
    var allowBlockedPorts = false

    @Option(
        help: """
            The application protocols to speak, in order of preference, of echo, hq-interop and h3. \
            (default: \(Default.services))
            """,
        transform: Self.services
    )
    var alpn = Default.services

    @Flag(help: "Let clients send datagrams (RFC 9221); echo sends them back, and other services drop them.")
    var datagrams = false

    @Flag(
        help: """
            Let clients that come back send before their handshake is complete (0-RTT). Each ClientHello is accepted once, and what \
            it brings may still be handled twice: all services here bear that.
            """
    )
    var earlyData = false

    @Option(
        help:
            "Bytes of transport a connection may hold until its handshake is complete. (default: \(Default.handshakeMemory))",
        transform: ByteCountArgument.init
    )
    var handshakeMemoryLimit = Default.handshakeMemory

    @Option(
        help: "Bytes of transport and echo a connection may hold at most. (default: \(Default.connectionMemory))",
        transform: ByteCountArgument.init
    )
    var connectionMemoryLimit = Default.connectionMemory

    @Option(
        help: """
            How far a client may send ahead on one stream: at first, and at most when it is fast. \
            (default: \(Default.streamWindow))
            """,
        transform: WindowArgument.init
    )
    var streamWindow = Default.streamWindow

    @Option(
        help: """
            The same on all streams of a connection together. (default: \(Default.connectionWindow))
            """,
        transform: WindowArgument.init
    )
    var connectionWindow = Default.connectionWindow

    @Option(help: "How the rate of a path is found. (default: \(Default.transport.congestionControl))")
    var congestionControl = Default.transport.congestionControl

    @Flag(
        help: """
            Promise clients no more than there is: the memory limit keeps a first window for each connection, and windows \
            grow only into what nobody holds.
            """
    )
    var strictMemory = false

    @Option(
        help: """
            Bytes all connections may hold. (default: a quarter of the machine's memory, or of the least limit of its \
            control groups)
            """,
        transform: ByteCountArgument.init
    )
    var memoryLimit: ByteCountArgument?

    @Option(
        help: "How many connections may live at once. (default: as many as have their floor within the memory limit)"
    )
    var connections: Int?

    @Option(help: "How long a connection may last, however busy. (default: for ever)", transform: DurationArgument.init)
    var connectionLifetime: DurationArgument?

    @Option(
        help: """
            Bytes the pools of a connection may keep when its last stream has closed; one that keeps more is closed. \
            (default: no limit)
            """,
        transform: ByteCountArgument.init
    )
    var retainedLimit: ByteCountArgument?

    @Flag(
        inversion: .prefixedNo,
        help: """
            Follow clients to another address or port, as when their NAT changes its mind. Off by default with versions \
            of ngtcp2 other than 1.11, for which it is not known that no client can end the server by it.
            """
    )
    var allowMigration = Default.transport.allowsMigration

    @Option(
        help: """
            A file with the server's secrets, made if there is none: with that of its predecessor a server knows that one's \
            tokens and can reset its connections. (default: new secrets at each start)
            """
    )
    var secretFile: String?

    @Option(
        help: "How long a key of address tokens is in use, 1m to 720h. (default: \(Default.tokenKeyLifetime))",
        transform: DurationArgument.init
    )
    var tokenKeyLifetime = Default.tokenKeyLifetime

    @OptionGroup
    var qlogOptions: QlogOptions

    @Option(
        help: """
            How many threads serve, 1 to \(ServerConfiguration.workerCountLimit). (default: one for each processor that the process \
            may use, \(ServerConfiguration.processorCount()) here, and fewer where each would have less than \
            \(Self.connectionsPerWorkerMinimum) connections)
            """
    )
    var workers: Int?

    @Flag(help: "Keep each of these threads on a processor of its own.")
    var pinWorkers = false

    @Option(
        help: """
            How long connections may take to finish at SIGTERM or SIGINT, up to 24h; 0 to close them at once. \
            (default: \(Default.drainTimeout))
            """,
        transform: Self.drainTimeout
    )
    var drainTimeout = Default.drainTimeout

    @Option(help: "How many of its latest events each thread keeps for GET /events; 0 for none.")
    var eventLog = Default.configuration.eventLogCapacity

    package init() {}

    /// How long connections may take to finish at SIGTERM or SIGINT.
    package var drainLimit: Duration { drainTimeout.duration }

    package func validate() throws {
        do {
            _ = try MemoryPlan(configuration())
        } catch let error as ServerError {
            throw ValidationError(OptionError(error).description)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Starts the server these options describe; it is ready when this returns.
    package func startServer() throws -> Server {
        for file in certificate + privateKey + [clientAuthorities].compactMap(\.self) { try UnreadableFile.check(file) }
        var configuration = try configuration()
        if let secretFile = try openSecretFile() { secretFile.fill(&configuration) }
        configuration.transport.qlog = try qlogOptions.open()
        return try Server(configuration: configuration, services: alpn.services)
    }

    /// The configuration these options ask for, without what they name files for: secrets and logs of packets.
    ///
    /// - Parameter processors: As many as the process may use.
    /// - Throws: ``OptionError`` when a certificate and its key are not both there.
    package func configuration(
        processors: Int = ServerConfiguration.processorCount()
    ) throws(OptionError) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress = listen
        let certificates = try certificateSources()
        configuration.certificate = certificates.first ?? .selfSigned
        configuration.additionalCertificates = Array(certificates.dropFirst())
        configuration.clientAuthentication = clientAuthorities.map { .required(authorities: $0) } ?? .none
        configuration.earlyData = earlyData ? EarlyDataConfiguration() : nil
        configuration.memoryBytesLimit = memoryLimit?.count
        configuration.connectionLimit = connections
        configuration.tokenKeys.lifetime = tokenKeyLifetime.duration
        configuration.pinsWorkers = pinWorkers
        configuration.eventLogCapacity = eventLog
        fill(&configuration.admission)
        fill(&configuration.transport)
        configuration.workerCount = workers ?? Self.usefulWorkers(configuration, processors: processors)
        return configuration
    }

    /// A limit of connections is divided among workers, to which clients come by chance: with so many each the difference is small.
    static let connectionsPerWorkerMinimum = 256

    /// As many workers as there are processors, and fewer where the limits on memory or connections leave too little to each.
    private static func usefulWorkers(_ configuration: ServerConfiguration, processors: Int) -> Int {
        var configuration = configuration
        let useful = (1...max(1, processors)).last { count in
            configuration.workerCount = count
            guard let plan = try? MemoryPlan(configuration) else { return false }
            return plan.connectionLimit / count >= connectionsPerWorkerMinimum
        }
        return useful ?? 1
    }

    private func fill(_ admission: inout AdmissionLimits) {
        admission.retryPolicy = retry
        admission.blocksPorts = !allowBlockedPorts
        admission.connectionsPerSource = connectionsPerSource
        admission.handshakesPerSource = handshakesPerSource
    }

    private func fill(_ transport: inout TransportConfiguration) {
        transport.idleTimeout = idleTimeout.duration
        transport.handshakeTimeout = handshakeTimeout.duration
        transport.noProgressTimeout = noProgressTimeout?.duration
        transport.lifetime = connectionLifetime?.duration
        transport.minimumProgressBytes = minimumProgress.count
        transport.uselessPacketsPerSecond = uselessPackets == 0 ? nil : uselessPackets
        transport.uselessPacketsPerSecondWhenBusy = uselessPacketsWhenBusy == 0 ? nil : uselessPacketsWhenBusy
        transport.streamWindow = streamWindow.range
        transport.connectionWindow = connectionWindow.range
        transport.keepsWindowsWorth = strictMemory
        transport.handshakeBytesLimit = handshakeMemoryLimit.count
        transport.connectionBytesLimit = connectionMemoryLimit.count
        transport.retainedBytesLimit = retainedLimit?.count
        transport.congestionControl = congestionControl
        transport.peerUnidirectionalStreams = alpn.clientUnidirectionalStreams
        transport.datagramFrameBytesLimit = datagrams ? TransportConfiguration.datagramFrameBytesAccepted.upperBound : 0
        transport.allowsMigration = allowMigration
    }

    /// The certificates in order; none for a self-signed one.
    private func certificateSources() throws(OptionError) -> [CertificateSource] {
        if privateKey.isEmpty, let certificate = certificate.first {
            throw OptionError(option: "certificate", value: certificate, needs: "private-key")
        }
        if certificate.isEmpty, let privateKey = privateKey.first {
            throw OptionError(option: "private-key", value: privateKey, needs: "certificate")
        }
        guard certificate.count == privateKey.count else {
            throw OptionError(
                contradiction: "--certificate is given \(certificate.count) times and --private-key "
                    + "\(privateKey.count) times: give one --private-key for each --certificate, in the same order"
            )
        }
        return zip(certificate, privateKey).map { .files(certificate: $0, privateKey: $1) }
    }

    private func openSecretFile() throws -> SecretFile? {
        do {
            return try secretFile.map { path throws(SecretFile.Refusal) in try SecretFile.open(path) }
        } catch {
            throw ValidationError(error.description)
        }
    }

    private static func drainTimeout(_ text: String) throws -> DurationArgument {
        let argument = text == "0" ? DurationArgument(.zero) : try DurationArgument(text)
        guard argument.duration <= .seconds(24 * 3_600) else { throw ValidationError("use 0 to 24h") }
        return argument
    }

    private static func address(_ text: String) throws -> SocketAddress {
        do {
            return try AddressText.parse(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }

    private static func services(_ text: String) throws -> ServiceList {
        do {
            return try ServiceList(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }
}

extension RetryPolicy: ExpressibleByArgument {}

extension CongestionControl: ExpressibleByArgument {}

extension WindowArgument {
    init(_ range: WindowRange) {
        self.init(initialBytes: range.initialBytes, maximumBytes: range.maximumBytes)
    }

    /// The window that a configuration wants; sizes below a byte are the configuration's to refuse.
    var range: WindowRange {
        WindowRange(initialBytes: max(1, initialBytes), maximumBytes: max(1, maximumBytes))
    }
}

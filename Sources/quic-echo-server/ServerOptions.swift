import ArgumentParser
import CommandLineValues
import Datagrams
import EchoServerKit
import QUICEndpoint
import QUICServer
import QUICTransport
import TextValues

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The options that say how connections are served.
struct ServerOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let settings = ServerSettings()
        static let idleTimeout = DurationArgument(settings.idleTimeout)
        static let handshakeTimeout = DurationArgument(settings.handshakeTimeout)
        static let noProgressTimeout = settings.noProgressTimeout.map(DurationArgument.init)
        static let minimumProgress = ByteCountArgument(settings.minimumProgressBytes)
        static let tokenKeyLifetime = DurationArgument(settings.tokenKeyLifetime)
        static let handshakeMemory = ByteCountArgument(settings.handshakeMemoryLimitBytes)
        static let connectionMemory = ByteCountArgument(settings.connectionMemoryLimitBytes)
        static let streamWindow = WindowArgument(settings.streamWindow)
        static let connectionWindow = WindowArgument(settings.connectionWindow)
    }

    @Option(
        help: """
            The address and UDP port to listen on, such as 127.0.0.1:4433 or [::1]:4433; port 0 lets the system \
            choose. (default: \(Default.settings.listenAddress))
            """,
        transform: Self.address
    )
    var listen = Default.settings.listenAddress

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
            (default: \(Default.settings.uselessPackets ?? 0))
            """
    )
    var uselessPackets = Default.settings.uselessPackets ?? 0

    @Option(
        help: """
            The same while a thread has no time left; 0 for the number of other times. \
            (default: \(Default.settings.uselessPacketsWhenBusy ?? 0))
            """
    )
    var uselessPacketsWhenBusy = Default.settings.uselessPacketsWhenBusy ?? 0

    @Option(help: "When clients have to prove their addresses; auto: while many handshakes are under way.")
    var retry = Default.settings.retryPolicy

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
            (default: \(Default.settings.services))
            """,
        transform: Self.services
    )
    var alpn = Default.settings.services

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

    @Option(help: "How the rate of a path is found. (default: \(Default.settings.congestionControl))")
    var congestionControl = Default.settings.congestionControl

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
    var allowMigration = Default.settings.allowsMigration

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

    @Option(help: "How many threads serve, 1 to \(ServerConfiguration.workerCountLimit).")
    var workers = Default.settings.workerCount

    @Option(help: "How many of its latest events each thread keeps for GET /events; 0 for none.")
    var eventLog = Default.settings.eventLogCapacity

    func validate() throws {
        do {
            _ = try settings.configuration()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Starts the server these options describe; it is ready when this returns.
    func startServer() throws -> Server {
        for file in certificate + privateKey + [clientAuthorities].compactMap(\.self) { try UnreadableFile.check(file) }
        var settings = settings
        settings.secretFile = try openSecretFile()
        settings.qlog = try qlogOptions.open()
        return try Server(configuration: try settings.configuration(), services: alpn.services)
    }

    private var settings: ServerSettings {
        var settings = ServerSettings()
        settings.listenAddress = listen
        settings.services = alpn
        settings.certificates = certificate
        settings.privateKeys = privateKey
        settings.clientAuthorities = clientAuthorities
        settings.idleTimeout = idleTimeout.duration
        settings.handshakeTimeout = handshakeTimeout.duration
        settings.noProgressTimeout = noProgressTimeout?.duration
        settings.minimumProgressBytes = minimumProgress.count
        settings.uselessPackets = uselessPackets == 0 ? nil : uselessPackets
        settings.uselessPacketsWhenBusy = uselessPacketsWhenBusy == 0 ? nil : uselessPacketsWhenBusy
        settings.retryPolicy = retry
        settings.connectionsPerSource = connectionsPerSource
        settings.handshakesPerSource = handshakesPerSource
        settings.blocksPorts = !allowBlockedPorts
        settings.handshakeMemoryLimitBytes = handshakeMemoryLimit.count
        settings.connectionMemoryLimitBytes = connectionMemoryLimit.count
        settings.memoryLimitBytes = memoryLimit?.count
        settings.streamWindow = streamWindow.range
        settings.connectionWindow = connectionWindow.range
        settings.congestionControl = congestionControl
        settings.isStrict = strictMemory
        settings.connectionLimit = connections
        settings.connectionLifetime = connectionLifetime?.duration
        settings.retainedLimitBytes = retainedLimit?.count
        settings.acceptsDatagrams = datagrams
        settings.acceptsEarlyData = earlyData
        settings.allowsMigration = allowMigration
        settings.tokenKeyLifetime = tokenKeyLifetime.duration
        settings.workerCount = workers
        settings.eventLogCapacity = eventLog
        return settings
    }

    private func openSecretFile() throws -> SecretFile? {
        do {
            return try secretFile.map { path throws(SecretFile.Refusal) in try SecretFile.open(path) }
        } catch {
            throw ValidationError(error.description)
        }
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

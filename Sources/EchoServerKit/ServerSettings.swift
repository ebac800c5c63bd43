package import Datagrams
package import QUICEndpoint
package import QUICServer
package import QUICTransport
internal import TextValues

/// What the server's command line says, before it is known to make sense.
package struct ServerSettings: Sendable {
    /// Where to listen.
    package var listenAddress = ServerConfiguration().listenAddress
    /// The services to offer.
    package var services = ServiceList([.echo, .hqInterop])
    /// The PEM files with the certificate chains, the first for clients that ask for no other name.
    package var certificates: [String] = []
    /// The PEM files with their private keys, in the same order.
    package var privateKeys: [String] = []
    /// The PEM file with the authorities of clients' certificates, which are required then; nil to ask for none.
    package var clientAuthorities: String?
    /// How long a silent connection lives.
    package var idleTimeout = TransportConfiguration().idleTimeout
    /// How long a handshake may take.
    package var handshakeTimeout = TransportConfiguration().handshakeTimeout
    /// How long a connection may go without progress; nil for ever.
    package var noProgressTimeout = TransportConfiguration().noProgressTimeout
    /// How many bytes on streams are progress.
    package var minimumProgressBytes = TransportConfiguration().minimumProgressBytes
    /// Packets a second that may bring nothing; nil for any number.
    package var uselessPackets = TransportConfiguration().uselessPacketsPerSecond
    /// The same while a thread has no time left; nil for no other number.
    package var uselessPacketsWhenBusy = TransportConfiguration().uselessPacketsPerSecondWhenBusy
    /// When clients have to prove their addresses.
    package var retryPolicy = AdmissionLimits().retryPolicy
    /// Connections of one source alive at once; nil for any number.
    package var connectionsPerSource: Int?
    /// Handshakes of one source in flight from which on addresses must be proven; nil for any number.
    package var handshakesPerSource: Int?
    /// Whether first packets from ports of reflectors are dropped.
    package var blocksPorts = AdmissionLimits().blocksPorts
    /// Bytes of transport a connection may hold until its handshake is complete.
    package var handshakeMemoryLimitBytes = TransportConfiguration().handshakeBytesLimit
    /// Bytes of transport and echo a connection may hold.
    package var connectionMemoryLimitBytes = TransportConfiguration().connectionBytesLimit
    /// How far a client may send ahead on one stream.
    package var streamWindow = TransportConfiguration().streamWindow
    /// How far a client may send ahead on all streams together.
    package var connectionWindow = TransportConfiguration().connectionWindow
    /// How the rate of a path is found.
    package var congestionControl = TransportConfiguration().congestionControl
    /// Whether clients are promised no more memory than there is.
    package var isStrict = TransportConfiguration().keepsWindowsWorth
    /// Bytes all connections may hold; nil for a quarter of what there is.
    package var memoryLimitBytes: Int?
    /// Connections alive at once; nil for as many as fit.
    package var connectionLimit: Int?
    /// How long a connection may last; nil for ever.
    package var connectionLifetime: Duration?
    /// Bytes a connection's transport may keep from closed streams; nil for any number.
    package var retainedLimitBytes: Int?
    /// Whether clients may send datagrams, which the echo service sends back. RFC 9221.
    package var acceptsDatagrams = false
    /// Whether clients may send before their handshake is complete.
    package var acceptsEarlyData = false
    /// Whether clients may change their address.
    package var allowsMigration = TransportConfiguration().allowsMigration
    /// The file with the secrets of the server; nil for new ones at each start.
    package var secretFile: SecretFile?
    /// Where packets are logged; nil for nowhere.
    package var qlog: QlogDirectory?
    /// How long a key of address tokens is in use.
    package var tokenKeyLifetime = TokenKeys().lifetime
    /// Threads.
    package var workerCount = ServerConfiguration().workerCount

    /// Events each worker keeps; 0 for none.
    package var eventLogCapacity = ServerConfiguration().eventLogCapacity

    /// The timeouts accepted: long enough for a round trip, and never none.
    package static let timeoutAccepted = Duration.milliseconds(10)...Duration.seconds(86_400)
    /// The bytes of progress accepted: any at all, up to what nobody is asked for in a minute.
    package static let minimumProgressBytesAccepted = 1...(1 << 20)

    /// The receive windows accepted: a full packet at least.
    package static let windowBytesAccepted = 2_048...(1 << 30)

    /// The limits for one source accepted.
    package static let perSourceAccepted = 1...1_000_000

    /// The packets a second that may bring nothing accepted.
    package static let uselessPacketsAccepted = 100...10_000_000

    /// The lifetimes of token keys accepted.
    package static let tokenKeyLifetimeAccepted = Duration.seconds(60)...Duration.seconds(30 * 86_400)

    /// The defaults.
    package init() {}

    /// The server's configuration that these settings ask for.
    ///
    /// - Throws: ``SettingsError`` when a value is out of range, or a certificate and its key are not both there.
    package func configuration() throws(SettingsError) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress = listenAddress
        let certificates = try certificateSources()
        configuration.certificate = certificates.first ?? .selfSigned
        configuration.additionalCertificates = Array(certificates.dropFirst())
        configuration.clientAuthentication = clientAuthorities.map { .required(authorities: $0) } ?? .none
        configuration.transport.idleTimeout = try Self.checked(idleTimeout, option: "idle-timeout")
        configuration.transport.handshakeTimeout = try Self.checked(handshakeTimeout, option: "handshake-timeout")
        try setProgress(of: &configuration.transport)
        try setUselessPackets(of: &configuration.transport)
        configuration.transport.peerUnidirectionalStreams = services.clientUnidirectionalStreams
        let anySize = TransportConfiguration.datagramFrameBytesAccepted.upperBound
        configuration.earlyData = acceptsEarlyData ? EarlyDataConfiguration() : nil
        configuration.transport.datagramFrameBytesLimit = acceptsDatagrams ? anySize : 0
        try setAdmission(of: &configuration.admission)
        configuration.transport.allowsMigration = allowsMigration
        configuration.transport.qlog = qlog
        let limit = ServerConfiguration.workerCountLimit
        guard (1...limit).contains(workerCount) else {
            throw SettingsError(option: "workers", value: "\(workerCount)", accepted: "1 to \(limit)")
        }
        configuration.workerCount = workerCount
        guard (0...EventLog.capacityLimit).contains(eventLogCapacity) else {
            let accepted = "0 to \(EventLog.capacityLimit)"
            throw SettingsError(option: "event-log", value: "\(eventLogCapacity)", accepted: accepted)
        }
        configuration.eventLogCapacity = eventLogCapacity
        try setSecrets(of: &configuration)
        try setMemoryLimits(of: &configuration)
        return configuration
    }

    private func setAdmission(of admission: inout AdmissionLimits) throws(SettingsError) {
        admission.retryPolicy = retryPolicy
        admission.blocksPorts = blocksPorts
        admission.connectionsPerSource = connectionsPerSource
        admission.handshakesPerSource = handshakesPerSource
        let limits = [("connections-per-source", connectionsPerSource), ("handshakes-per-source", handshakesPerSource)]
        for case (let option, let limit?) in limits {
            try Self.check(limit, option: option, accepted: Self.perSourceAccepted)
        }
    }

    private func setSecrets(of configuration: inout ServerConfiguration) throws(SettingsError) {
        if let secretFile {
            configuration.resetSecret = secretFile.resetSecret
            configuration.tokenKeys.secret = secretFile.tokenSecret
        }
        let accepted = Self.tokenKeyLifetimeAccepted
        configuration.tokenKeys.lifetime = try Self.checked(
            tokenKeyLifetime,
            option: "token-key-lifetime",
            accepted: accepted
        )
    }

    private func setProgress(of transport: inout TransportConfiguration) throws(SettingsError) {
        transport.noProgressTimeout = nil
        if let noProgressTimeout {
            transport.noProgressTimeout = try Self.checked(noProgressTimeout, option: "no-progress-timeout")
        }
        let accepted = Self.minimumProgressBytesAccepted
        guard accepted.contains(minimumProgressBytes) else {
            throw SettingsError(
                option: "minimum-progress",
                value: ByteCountText.format(minimumProgressBytes),
                accepted: "\(ByteCountText.format(accepted.lowerBound)) to \(ByteCountText.format(accepted.upperBound))"
            )
        }
        transport.minimumProgressBytes = minimumProgressBytes
    }

    private func setUselessPackets(of transport: inout TransportConfiguration) throws(SettingsError) {
        transport.uselessPacketsPerSecond = uselessPackets
        transport.uselessPacketsPerSecondWhenBusy = uselessPacketsWhenBusy
        let limits = [("useless-packets", uselessPackets), ("useless-packets-when-busy", uselessPacketsWhenBusy)]
        for case (let option, let limit?) in limits {
            try Self.check(limit, option: option, accepted: Self.uselessPacketsAccepted)
        }
    }

    private func setWindows(of transport: inout TransportConfiguration) throws(SettingsError) {
        let accepted = Self.windowBytesAccepted
        for (option, window) in [("stream-window", streamWindow), ("connection-window", connectionWindow)]
        where !accepted.contains(window.initialBytes) || !accepted.contains(window.maximumBytes) {
            throw SettingsError(
                option: option,
                value: "\(window)",
                accepted: "\(ByteCountText.format(accepted.lowerBound)) to \(ByteCountText.format(accepted.upperBound))"
            )
        }
        transport.streamWindow = streamWindow
        transport.connectionWindow = connectionWindow
        transport.keepsWindowsWorth = isStrict
        transport.congestionControl = congestionControl
    }

    private func setMemoryLimits(of configuration: inout ServerConfiguration) throws(SettingsError) {
        try setWindows(of: &configuration.transport)
        configuration.transport.handshakeBytesLimit = handshakeMemoryLimitBytes
        configuration.transport.connectionBytesLimit = connectionMemoryLimitBytes
        configuration.memoryBytesLimit = memoryLimitBytes
        configuration.transport.retainedBytesLimit = retainedLimitBytes
        configuration.connectionLimit = connectionLimit
        if let connectionLifetime {
            let lifetime = try Self.checked(connectionLifetime, option: "connection-lifetime")
            configuration.transport.lifetime = lifetime
        }
        do throws(ServerError) {
            _ = try MemoryPlan(configuration)
        } catch {
            throw SettingsError(contradiction: error.description)
        }
    }

    /// The certificates in order; none for a self-signed one.
    private func certificateSources() throws(SettingsError) -> [CertificateSource] {
        if privateKeys.isEmpty, let certificate = certificates.first {
            throw SettingsError(option: "certificate", value: certificate, needs: "private-key")
        }
        if certificates.isEmpty, let privateKey = privateKeys.first {
            throw SettingsError(option: "private-key", value: privateKey, needs: "certificate")
        }
        guard certificates.count == privateKeys.count else {
            throw SettingsError(
                contradiction: "--certificate is given \(certificates.count) times and --private-key "
                    + "\(privateKeys.count) times: give one --private-key for each --certificate, in the same order"
            )
        }
        return zip(certificates, privateKeys).map { .files(certificate: $0, privateKey: $1) }
    }

    private static func check(_ number: Int, option: String, accepted: ClosedRange<Int>) throws(SettingsError) {
        guard !accepted.contains(number) else { return }
        let text = "\(accepted.lowerBound) to \(accepted.upperBound)"
        throw SettingsError(option: option, value: "\(number)", accepted: text)
    }

    private static func checked(
        _ timeout: Duration,
        option: String,
        accepted: ClosedRange<Duration> = timeoutAccepted
    ) throws(SettingsError) -> Duration {
        guard accepted.contains(timeout) else {
            let (least, most) = (accepted.lowerBound, accepted.upperBound)
            throw SettingsError(
                option: option,
                value: DurationText.format(timeout),
                accepted: "\(DurationText.format(least)) to \(DurationText.format(most))"
            )
        }
        return timeout
    }
}

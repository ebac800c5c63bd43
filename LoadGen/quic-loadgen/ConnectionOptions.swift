import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say what QUIC and TLS do on each connection.
struct ConnectionOptions: ParsableArguments {
    /// On or off.
    enum Switch: String, ExpressibleByArgument, CaseIterable {
        case on
        case off
    }

    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let scenario = LoadScenario(mode: .echo)
        static let dialTimeout = DurationArgument(scenario.dialTimeout)
        static let echoTimeout = DurationArgument(scenario.echoTimeout)
        static let streamWindow = ByteCountArgument(scenario.streamWindowBytes)
        static let connectionWindow = ByteCountArgument(scenario.connectionWindowBytes)
        static let idleTimeout = DurationArgument(scenario.idleTimeout)
    }

    @Option(help: "The application protocol to offer: echo, hq-interop or h3, or another server's.")
    var alpn = "echo"

    @Option(
        help: "How long a handshake may take. (default: \(Default.dialTimeout))",
        transform: DurationArgument.init
    )
    var dialTimeout = Default.dialTimeout

    @Option(
        help: "How long an answer may take. (default: \(Default.echoTimeout))",
        transform: DurationArgument.init
    )
    var echoTimeout = Default.echoTimeout

    @Option(
        help: "The idle timeout to offer; the smaller of both sides' counts. (default: \(Default.idleTimeout))",
        transform: DurationArgument.init
    )
    var idleTimeout = Default.idleTimeout

    @Option(
        help: "After how long a silent connection sends a PING. (default: never; 10s in the mode idle-herd)",
        transform: DurationArgument.init
    )
    var keepAlive: DurationArgument?

    @Option(help: "After how many messages a connection updates its keys. (default: never)")
    var keyUpdateEvery: Int?

    @Option(
        help: """
            After how many messages a connection moves to another socket, as behind a NAT that gives it another port. \
            (default: never)
            """
    )
    var rebindEvery: Int?

    @Option(
        help: "Bytes a server may have in flight on one stream, 1KiB to 1GiB. (default: \(Default.streamWindow))",
        transform: ByteCountArgument.init
    )
    var streamWindow: ByteCountArgument?

    @Option(
        help: """
            The same for all streams of a connection together. (default: \(Default.connectionWindow), or as much as \
            --stream-window)
            """,
        transform: ByteCountArgument.init
    )
    var connectionWindow: ByteCountArgument?

    @Option(
        help: """
            Bytes a connection reads in a second, such as 64KiB: the server gets credit at this pace. (default: as fast \
            as they come)
            """,
        transform: ByteCountArgument.init
    )
    var readRate: ByteCountArgument?

    @Option(help: "Whether connections begin with the session ticket of an earlier one: on or off.")
    var resumption = Switch.off

    @OptionGroup
    var trust: TrustOptions

    /// - Parameter host: The target's name or address.
    func apply(to scenario: inout LoadScenario, host: String) {
        scenario.applicationProtocol = alpn
        scenario.dialTimeout = dialTimeout.duration
        scenario.echoTimeout = echoTimeout.duration
        scenario.idleTimeout = idleTimeout.duration
        if let keepAlive { scenario.keepAlive = keepAlive.duration }
        scenario.keyUpdateEvery = keyUpdateEvery
        scenario.rebindEvery = rebindEvery
        if let streamWindow { scenario.streamWindowBytes = streamWindow.count }
        scenario.connectionWindowBytes =
            connectionWindow?.count ?? max(scenario.connectionWindowBytes, scenario.streamWindowBytes)
        scenario.readBytesPerSecond = readRate?.count
        scenario.resumes = resumption == .on
        trust.apply(to: &scenario, host: host)
    }
}

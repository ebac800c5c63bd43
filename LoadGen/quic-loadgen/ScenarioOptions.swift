import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say what the connections of a run do.
struct ScenarioOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let messageBytes = ByteCountArgument(64)
        static let hold = DurationArgument(.seconds(3))
        static let dialTimeout = DurationArgument(.seconds(10))
    }

    @Option(help: "How many connections to open, 1 to 1000000.")
    var connections = 100

    @Option(help: "How many connections to start per second, at most 100000.")
    var rate = 100.0

    @Option(
        help: """
            What each connection does. echo: send one message, receive it back, close. hold: stay open for --hold, \
            close. close: close at once. abandon: echo, stay open for --hold, then fall silent without closing.
            """
    )
    var mode = LoadMode.echo

    @Option(
        help: "The length of each connection's message, up to 1GiB; 0 for none. (default: \(Default.messageBytes))",
        transform: ByteCountArgument.init
    )
    var messageBytes = Default.messageBytes

    @Option(
        help: "How long connections stay open in the modes hold and abandon. (default: \(Default.hold))",
        transform: DurationArgument.init
    )
    var hold = Default.hold

    @Option(
        help: "How long a handshake may take. (default: \(Default.dialTimeout))",
        transform: DurationArgument.init
    )
    var dialTimeout = Default.dialTimeout

    @Option(help: "Over how many UDP sockets to spread the connections, 1 to 1024.")
    var sockets = 4

    @Option(help: "The application protocol to offer: echo or hq-interop, or another server's.")
    var alpn = "echo"

    @Option(help: "Where random values come from, to repeat a run. (default: a new one, shown in the report)")
    var seed: UInt64?

    func validate() throws {
        _ = try scenario()
    }

    /// The scenario these options describe, with a fresh seed unless one was given.
    func scenario() throws -> LoadScenario {
        do {
            return try LoadScenario(
                validatingConnections: connections,
                ratePerSecond: rate,
                mode: mode,
                messageBytes: messageBytes.count,
                hold: hold.duration,
                dialTimeout: dialTimeout.duration,
                sockets: sockets,
                applicationProtocol: alpn,
                seed: seed ?? .random(in: 0...UInt64(UInt32.max))
            )
        } catch {
            throw ValidationError("--\(error)")
        }
    }
}

extension LoadMode: ExpressibleByArgument {}

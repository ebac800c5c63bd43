import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say what connections do between their handshakes and their ends.
struct TrafficOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let scenario = LoadScenario(mode: .echo)
        static let messageBytes = ByteCountArgument(scenario.messageBytes)
        static let bulkBytes = ByteCountArgument(scenario.bulkBytes)
        static let settle = DurationArgument(scenario.settle)
    }

    @Option(
        help: """
            What each connection does. echo: send messages, receive them back, close. hold: stay open for --hold, \
            close. close: close at once. churn: echo, stay open for --hold, close. abandon: echo, stay open for --hold, \
            then fall silent without closing. bulk: move --bulk-bytes, close. idle-herd: grow by --step connections at \
            a time to --connections, rest for --settle and measure after each step, close all.
            """
    )
    var mode = LoadMode.echo

    @Option(help: "How many streams of a connection carry messages at once, 1 to 256.")
    var streams = Default.scenario.streams

    @Option(help: "How many messages follow each other on each of these streams.")
    var messages = Default.scenario.messages

    @Option(
        help: "The length of a message, up to 1GiB; 0 for none. (default: \(Default.messageBytes))",
        transform: ByteCountArgument.init
    )
    var messageBytes = Default.messageBytes

    @Flag(help: "Give each message a stream of its own, as hq-interop and h3 always do.")
    var freshStreams = false

    @Option(
        help: "How long a stream rests between an answer and the next message. (default: 0s)",
        transform: DurationArgument.init
    )
    var thinkTime: DurationArgument?

    @Option(
        help: """
            Which way the bytes of the mode bulk go: upload (h3), echo (echo), download (hq-interop, h3). \
            (default: what --alpn has)
            """
    )
    var bulk: BulkDirection?

    @Option(
        help: "The bytes of the mode bulk, for each message. (default: \(Default.bulkBytes))",
        transform: ByteCountArgument.init
    )
    var bulkBytes = Default.bulkBytes

    @Option(
        help: "How long connections stay open in the modes hold, churn and abandon. (default: 3s; 0s in churn)",
        transform: DurationArgument.init
    )
    var hold: DurationArgument?

    @Option(help: "By how many connections an idle herd grows at a time.")
    var step = Default.scenario.step

    @Option(
        help: "How long an idle herd rests before each measurement. (default: \(Default.settle))",
        transform: DurationArgument.init
    )
    var settle = Default.settle

    /// A scenario with what these options say.
    func scenario() -> LoadScenario {
        var scenario = LoadScenario(mode: mode)
        scenario.streams = streams
        scenario.messages = messages
        scenario.messageBytes = messageBytes.count
        scenario.usesFreshStreams = freshStreams
        scenario.thinkTime = thinkTime?.duration ?? .zero
        scenario.bulk = bulk
        scenario.bulkBytes = bulkBytes.count
        scenario.hold = hold?.duration ?? mode.holdDefault
        scenario.step = step
        scenario.settle = settle.duration
        return scenario
    }
}

extension LoadMode: ExpressibleByArgument {}
extension BulkDirection: ExpressibleByArgument {}

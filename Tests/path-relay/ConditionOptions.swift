import ArgumentParser
import CommandLineValues
import PathRelay
import TextValues

/// The options that say what the path does to datagrams.
struct ConditionOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let conditions = PathConditions()
        static let reorderDelay = DurationArgument(conditions.reorderDelay)
    }

    @Option(
        help: "The round-trip time, half of it in each direction, up to 10s. (default: 0s)",
        transform: DurationArgument.init
    )
    var roundTrip: DurationArgument?

    @Option(
        help: """
            The largest additional delay of a direction, up to 1s: it wanders between zero and that, and reorders \
            nothing. (default: 0s)
            """,
        transform: DurationArgument.init
    )
    var jitter: DurationArgument?

    @Option(
        help: "The share of datagrams that is lost, each for itself, such as 1%. (default: 0%)",
        transform: { try Self.value(of: $0, ShareText.parse) }
    )
    var loss: Double?

    @Option(
        help: "The share of datagrams that later ones overtake, such as 2%. (default: 0%)",
        transform: { try Self.value(of: $0, ShareText.parse) }
    )
    var reorder: Double?

    @Option(
        help: "How much longer a reordered datagram takes, 1ms to 1s. (default: \(Default.reorderDelay))",
        transform: DurationArgument.init
    )
    var reorderBy: DurationArgument?

    @Option(
        help: """
            Bits of UDP payload a direction carries in a second, for all clients together, such as 100Mbit. (default: \
            no limit)
            """,
        transform: { try Self.value(of: $0, BitRateText.parse) }
    )
    var rate: Int?

    @Option(
        help: """
            Bytes that may wait for --rate in each direction; what does not fit is dropped. (default: what the rate \
            carries in a round trip, 64KiB at least)
            """,
        transform: ByteCountArgument.init
    )
    var queue: ByteCountArgument?

    @Option(
        help: """
            When everything that enters the path is dropped, as FROM..TO after the first datagram, such as 2s..2500ms; \
            may be given several times. (default: never)
            """,
        transform: { try Self.value(of: $0, PeriodText.parse) }
    )
    var outage: [Range<Duration>] = []

    @Option(help: "Which way outages interrupt: up (to the server), down or both. (default: both)")
    var outageDirection: PathRelayCommand.OutageDirection?

    @Option(help: "The source of everything random.")
    var seed = Default.conditions.seed

    /// What these options say.
    ///
    /// - Throws: `ValidationError` naming the first value that is not accepted.
    func conditions() throws -> PathConditions {
        try checkCompany()
        var conditions = PathConditions()
        if let roundTrip { conditions.roundTrip = roundTrip.duration }
        if let jitter { conditions.jitter = jitter.duration }
        if let loss { conditions.loss = loss }
        if let reorder { conditions.reordering = reorder }
        if let reorderBy { conditions.reorderDelay = reorderBy.duration }
        conditions.bitsPerSecond = rate
        conditions.queueBytes = queue?.count
        conditions.outages = outage
        switch outageDirection {
        case .up: conditions.outageDirections = [.up]
        case .down: conditions.outageDirections = [.down]
        case .both, nil: break
        }
        conditions.seed = seed
        do throws(RelayOptionError) {
            try conditions.validate()
        } catch {
            throw ValidationError(error.description)
        }
        return conditions
    }

    /// Throws when an option is given without the one it is about.
    private func checkCompany() throws {
        if let queue, rate == nil { throw ValidationError("--queue \(queue) needs --rate, such as --rate 100Mbit") }
        if let reorderBy, reorder == nil {
            throw ValidationError("--reorder-by \(reorderBy) needs --reorder, such as --reorder 1%")
        }
        if let outageDirection, outage.isEmpty {
            throw ValidationError(
                "--outage-direction \(outageDirection.rawValue) needs --outage, such as --outage 2s..3s"
            )
        }
    }

    /// The value `text` says; the error names what is accepted, beside the parser's naming of the value.
    private static func value<Value>(
        of text: String,
        _ parse: (String) throws(TextValueError) -> Value
    ) throws -> Value {
        do throws(TextValueError) {
            return try parse(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }
}

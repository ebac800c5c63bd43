import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say how many connections begin, and when.
struct PaceOptions: ParsableArguments {
    private static let connectionsDefault = 100

    @Option(
        help: """
            How many connections to open, 1 to 1000000. (default: \(Self.connectionsDefault), without --duration)
            """
    )
    var connections: Int?

    @Option(
        help: "How long connections begin; those open then come to their ends. With --connections, what comes first.",
        transform: DurationArgument.init
    )
    var duration: DurationArgument?

    @Option(
        help: """
            Open loop: how many connections to start per second, at most 100000, whatever the server does. \
            (default: 100; 1000 in the mode idle-herd)
            """
    )
    var rate: Double?

    @Option(help: "Closed loop: how many connections to have at a time; the next begins when one has ended.")
    var concurrency: Int?

    @Option(
        help: "How long the rate grows, or the connections of a closed loop begin one after the other. (default: 0s)",
        transform: DurationArgument.init
    )
    var ramp: DurationArgument?

    func validate() throws {
        guard rate == nil || concurrency == nil else {
            throw ValidationError(
                "--rate and --concurrency exclude each other: an open loop has one, a closed the other"
            )
        }
    }

    func apply(to scenario: inout LoadScenario) {
        if let rate { scenario.pace = .open(ratePerSecond: rate) }
        if let concurrency { scenario.pace = .closed(concurrency: concurrency) }
        scenario.connections = connections ?? (duration == nil ? Self.connectionsDefault : nil)
        scenario.duration = duration?.duration
        scenario.ramp = ramp?.duration ?? .zero
    }
}

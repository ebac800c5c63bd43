import ArgumentParser
import CommandLineValues
import LoadModel
import TextValues

/// `quic-loadgen plan`: arrivals and memory, by Little's law.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Calculate the arrivals a memory limit survives, or the memory a rate of arrivals needs.",
        discussion: """
            By Little's law, from what a connection costs in each state and for how long it is held. Nothing is \
            connected to.

              quic-loadgen plan --memory 4GiB --mix honest=8,silent=1,half-open=1 --handshaking-bytes 40KiB \
            --established-bytes 24KiB
              quic-loadgen plan --rate 5000 --mix half-open=1 --handshaking-bytes 40KiB --handshake-timeout 10s

            Exits with 64 when the options are wrong.
            """
    )

    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let mix = MixArgument.honest
        static let none = ByteCountArgument(0)
        static let handshakeTimeout = DurationArgument(.seconds(10))
        static let idleTimeout = DurationArgument(.seconds(30))
        static let closingTime = DurationArgument(.seconds(1))
        static let useTime = DurationArgument(.seconds(10))
    }

    @Option(help: "The memory the server's process may have.", transform: ByteCountArgument.init)
    var memory: ByteCountArgument?

    @Option(help: "How many connections arrive per second.")
    var rate: Double?

    @Option(
        help: """
            How many of each kind arrive, relative to each other. honest: they stay for --use-time and close. silent: \
            they vanish after the handshake. half-open: they never complete it. closing: they close at once. \
            (default: \(Default.mix))
            """,
        transform: MixArgument.init
    )
    var mix = Default.mix

    @Option(help: "What a connection costs during its handshake. (default: 0)", transform: ByteCountArgument.init)
    var handshakingBytes = Default.none

    @Option(help: "What an established connection costs. (default: 0)", transform: ByteCountArgument.init)
    var establishedBytes = Default.none

    @Option(help: "What the record of an ended connection costs. (default: 0)", transform: ByteCountArgument.init)
    var closingBytes = Default.none

    @Option(
        help: "How long the server waits for a handshake. (default: \(Default.handshakeTimeout))",
        transform: DurationArgument.init
    )
    var handshakeTimeout = Default.handshakeTimeout

    @Option(
        help: "How long the server keeps a silent connection. (default: \(Default.idleTimeout))",
        transform: DurationArgument.init
    )
    var idleTimeout = Default.idleTimeout

    @Option(
        help: "How long the server keeps the record of an ended connection. (default: \(Default.closingTime))",
        transform: DurationArgument.init
    )
    var closingTime = Default.closingTime

    @Option(
        help: "How long honest connections last. (default: \(Default.useTime))",
        transform: DurationArgument.init
    )
    var useTime = Default.useTime

    @Option(help: "What the server has without any connection. (default: 0)", transform: ByteCountArgument.init)
    var base = Default.none

    @Option(help: "Write the plan as JSON to this file.")
    var json: String?

    func validate() throws {
        _ = try plan()
    }

    func run() throws {
        let plan = try plan()
        if let json { try ReportFile.openForOption(json).write(plan) }
        StandardStream.output.write(headline(plan) + "\n\n" + plan.text)
    }

    private func plan() throws -> CapacityPlan {
        do {
            let input = try CapacityInput(
                stateBytes: [
                    .handshaking: handshakingBytes.count, .established: establishedBytes.count,
                    .closing: closingBytes.count,
                ],
                handshakeTimeout: handshakeTimeout.duration,
                idleTimeout: idleTimeout.duration,
                closingTime: closingTime.duration,
                useTime: useTime.duration,
                weights: mix.weights,
                baseBytes: base.count
            )
            switch (memory, rate) {
            case (let memory?, nil): return try CapacityPlan(memoryBytesLimit: memory.count, input: input)
            case (nil, let rate?): return try CapacityPlan(ratePerSecond: rate, input: input)
            default: throw ValidationError("give either --memory or --rate")
            }
        } catch let error as ScenarioError {
            throw ValidationError("--\(error)")
        }
    }

    private func headline(_ plan: CapacityPlan) -> String {
        let rate = DecimalText.format(plan.ratePerSecond, places: 1)
        let bytes = ByteCountText.readable(Int(exactly: plan.memoryBytes.rounded()) ?? .max)
        return memory == nil
            ? "\(rate) arrivals per second need \(bytes)" : "\(bytes) survive \(rate) arrivals per second"
    }
}

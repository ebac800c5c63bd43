import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say what a leak check does.
struct LeakCheckOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let settle = DurationArgument(.seconds(35))
        static let tolerance = ByteCountArgument(LeakAssessment.toleranceBytesDefault)
        static let messageBytes = ByteCountArgument(64)
        static let dialTimeout = DurationArgument(.seconds(10))
    }

    @Option(
        help: """
            How many cycles, at least 4. The first warms the target up and is not judged. \
            (default: \(LeakPlan.cyclesByPages); with --admin \(LeakPlan.cyclesByLiveBytes))
            """
    )
    var cycles: Int?

    @Option(
        help: """
            How many connections each cycle opens. More of them make smaller leaks visible. \
            (default: \(LeakPlan.connectionsByPages); with --admin \(LeakPlan.connectionsByLiveBytes))
            """
    )
    var connections: Int?

    @Option(help: "How many connections to start per second.")
    var rate = 500.0

    @Option(
        help: """
            How connections end. silent: they get the answer to a message and vanish. close: they get it and send \
            CONNECTION_CLOSE. half-open: they vanish after the first flight of the handshake. failing: they offer a \
            protocol that no server speaks, and the server ends the handshake. mixed: a third of the first three each.
            """
    )
    var manner = LeakManner.silent

    @Option(
        help: """
            How long the target has after each cycle to give everything back: longer than its idle timeout (silent) and \
            its handshake timeout (half-open), or connections that are still waited for look like a leak. With --admin \
            the wait ends as soon as its counters are zero. Readings that still fall then get as long again. \
            (default: \(Default.settle))
            """,
        transform: DurationArgument.init
    )
    var settle = Default.settle

    @Option(
        help: "How many bytes may stay for each connection. (default: \(Default.tolerance))",
        transform: ByteCountArgument.init
    )
    var expectReturn = Default.tolerance

    @Option(help: "The application protocol to offer. With others than echo, hq-interop and h3 no message is sent.")
    var alpn = "echo"

    @Option(
        help: "The length of each connection's message; 0 for none. (default: \(Default.messageBytes))",
        transform: ByteCountArgument.init
    )
    var messageBytes = Default.messageBytes

    @Option(
        help: "How long a handshake may take. (default: \(Default.dialTimeout))",
        transform: DurationArgument.init
    )
    var dialTimeout = Default.dialTimeout

    @Option(help: "Over how many UDP sockets to spread the connections, 1 to 1024.")
    var sockets = 4

    @Option(help: "Where random values come from, to repeat a check. (default: a new one, in the JSON)")
    var seed: UInt64?

    func validate() throws {
        _ = try plan(knowsLiveBytes: false)
    }

    /// The plan these options describe, with a fresh seed unless one was given.
    ///
    /// - Parameter knowsLiveBytes: Whether the target says itself what it holds; pages need more connections.
    func plan(knowsLiveBytes: Bool) throws -> LeakPlan {
        let cyclesDefault = knowsLiveBytes ? LeakPlan.cyclesByLiveBytes : LeakPlan.cyclesByPages
        let connectionsDefault = knowsLiveBytes ? LeakPlan.connectionsByLiveBytes : LeakPlan.connectionsByPages
        do {
            return try LeakPlan(
                manner: manner,
                cycles: cycles ?? cyclesDefault,
                connections: connections ?? connectionsDefault,
                ratePerSecond: rate,
                settle: settle.duration,
                toleranceBytes: expectReturn.count,
                messageBytes: messageBytes.count,
                applicationProtocol: alpn,
                dialTimeout: dialTimeout.duration,
                sockets: sockets,
                seed: seed ?? .random(in: 0...UInt64(UInt32.max))
            )
        } catch {
            throw ValidationError("--\(error)")
        }
    }
}

extension LeakManner: ExpressibleByArgument {}

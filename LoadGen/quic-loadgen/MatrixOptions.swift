import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say what an abandon matrix tries.
struct MatrixOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let settle = DurationArgument(.seconds(35))
        static let dialTimeout = DurationArgument(.seconds(10))
    }

    @Option(
        help: """
            How many connections to abandon in each cell. (default: \(MatrixPlan.connectionsOfLedger) with --admin, \
            whose ledger is exact; otherwise \(MatrixPlan.connectionsOfPages), as pages come and go by about 1 MiB)
            """
    )
    var connections: Int?

    @Option(help: "How many connections to start per second.")
    var rate = 1_000.0

    @Option(
        help: """
            The points to try, with commas between them: \(Self.names(of: AbandonPoint.self)). (default: all)
            """,
        transform: { try Self.values($0, of: AbandonPoint.self) }
    )
    var points: [AbandonPoint] = AbandonPoint.allCases

    @Option(
        help: """
            The manners to try, with commas between them: \(Self.names(of: AbandonManner.self)). (default: all)
            """,
        transform: { try Self.values($0, of: AbandonManner.self) }
    )
    var manners: [AbandonManner] = AbandonManner.allCases

    @Option(
        help: """
            How long to watch each cell at most: longer than the target's idle timeout and its handshake timeout. A cell \
            ends earlier when the target's counters are zero (--admin), or when most of its memory is back. \
            (default: \(Default.settle))
            """,
        transform: DurationArgument.init
    )
    var settle = Default.settle

    @Option(help: "The application protocol to offer. Points on streams need echo, hq-interop or h3.")
    var alpn = "echo"

    @Option(
        help: "How long a handshake may take. (default: \(Default.dialTimeout))",
        transform: DurationArgument.init
    )
    var dialTimeout = Default.dialTimeout

    @Option(help: "Over how many UDP sockets to spread the connections of a cell, 1 to 1024.")
    var sockets = 4

    @Option(help: "Where random values come from, to repeat a matrix. (default: a new one, in the JSON)")
    var seed: UInt64?

    func validate() throws {
        _ = try plan(readsLedger: true)
    }

    /// The plan these options describe, with a fresh seed unless one was given.
    ///
    /// - Parameter readsLedger: Whether the target's own ledger is read.
    func plan(readsLedger: Bool) throws -> MatrixPlan {
        do {
            return try MatrixPlan(
                points: points,
                manners: manners,
                connections: connections
                    ?? (readsLedger ? MatrixPlan.connectionsOfLedger : MatrixPlan.connectionsOfPages),
                ratePerSecond: rate,
                settle: settle.duration,
                applicationProtocol: alpn,
                dialTimeout: dialTimeout.duration,
                sockets: sockets,
                seed: seed ?? .random(in: 0...UInt64(UInt32.max))
            )
        } catch {
            throw ValidationError("--\(error)")
        }
    }

    private static func names<Value: OptionNamed>(of type: Value.Type) -> String {
        type.allCases.map(\.optionName).joined(separator: ", ")
    }

    /// The values that `text` names, in the order of the type's cases.
    private static func values<Value: OptionNamed & Equatable>(_ text: String, of type: Value.Type) throws -> [Value] {
        let named = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let value = Value(optionName: String(name)) else {
                throw ValidationError("there is no \"\(name)\": use \(names(of: type))")
            }
            return value
        }
        return type.allCases.filter(named.contains)
    }
}

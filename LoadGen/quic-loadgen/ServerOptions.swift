import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say where the server's statistics come from and what is expected of them.
struct ServerOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private static let returnTimeoutDefault = DurationArgument(.seconds(20))

    @Option(
        help: "The server's admin interface, such as http://127.0.0.1:9443. It is asked for /stats during the run.",
        transform: Self.address
    )
    var admin: AdminAddress?

    @Flag(help: "Fail unless everything the server held for connections comes back to zero after the run.")
    var expectReturn = false

    @Option(
        help: "How long the server's return may take. (default: \(Self.returnTimeoutDefault))",
        transform: DurationArgument.init
    )
    var returnTimeout = Self.returnTimeoutDefault

    @Option(
        help: "Fail if the server's resident memory exceeds what it was before the run by more than this.",
        transform: ByteCountArgument.init
    )
    var returnRssLimit: ByteCountArgument?

    static func address(_ url: String) throws -> AdminAddress {
        do {
            return try AdminAddress(url: url)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }

    /// What these options expect of the server.
    var expectations: ServerExpectations {
        ServerExpectations(
            returns: expectReturn,
            returnTimeout: returnTimeout.duration,
            residentGrowthBytesLimit: returnRssLimit?.count
        )
    }

    func validate() throws {
        guard admin == nil, !expectations.isEmpty else { return }
        let option = expectReturn ? "--expect-return" : "--return-rss-limit"
        throw ValidationError("\(option) needs --admin: the server's statistics say whether it returned")
    }
}

import ArgumentParser
import CommandLineValues
import LoadModel

/// The options that say how the target is watched, and what is expected of it and of the run.
struct ServerOptions: ParsableArguments {
    // The argument parser does not show the defaults of options with a transform.
    private static let returnTimeoutDefault = DurationArgument(.seconds(20))

    @Option(
        help: "The server's admin interface, such as http://127.0.0.1:9443. It is asked for /stats during the run.",
        transform: Self.address
    )
    var admin: AdminAddress?

    @OptionGroup
    var probeOptions: ProbeOptions

    @Option(
        name: .customLong("expect"),
        help: """
            Fail unless a figure of the report is as this says, such as 'handshake.p99<50ms', 'failed==0' or \
            'target.bytes_per_connection<32KiB'. May be given several times.
            """,
        transform: Self.threshold
    )
    var thresholds: [Threshold] = []

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

    private static func threshold(_ text: String) throws -> Threshold {
        do {
            return try Threshold(parsing: text)
        } catch {
            throw ValidationError("\(error)")
        }
    }

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

    /// What reads the target's memory; nil when neither a process nor a control group is named.
    func probe() throws -> TargetProbe? {
        probeOptions.isEmpty ? nil : try probeOptions.probe()
    }

    /// Adds to `report` what was expected of its figures.
    func judge(_ report: inout LoadReport) {
        report.add(thresholds.map { $0.expectation(of: report) })
    }

    func validate() throws {
        try checkThresholds()
        guard admin == nil, !expectations.isEmpty else { return }
        let option = expectReturn ? "--expect-return" : "--return-rss-limit"
        throw ValidationError("\(option) needs --admin: the server's statistics say whether it returned")
    }

    private func checkThresholds() throws {
        guard admin == nil else { return }
        let isWatched = !probeOptions.isEmpty
        guard let blind = thresholds.first(where: { $0.metric.needsStatistics || ($0.metric.isOfTarget && !isWatched) })
        else { return }
        let ways = blind.metric.needsStatistics ? "--admin" : "--pid, --cgroup or --admin"
        throw ValidationError("--expect \(blind.text) needs \(ways): nothing else tells \(blind.metric.name)")
    }
}

import ArgumentParser
import LoadEngine
import LoadModel

/// `quic-loadgen compare`: the same scenario against several servers in turn.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Run the same against several servers in turn, and make one table of what they did.",
        discussion: """
            Each round runs the scenario against every target, one after the other, so that whatever else happens on \
            the machine happens to all of them. The table has the median of the rounds, the least and the most.

            Example:
              quic-loadgen compare --alpn h3 --connections 500 --rate 250 --rounds 5 \\
                --target ours=127.0.0.1:4433,pid=4711 \\
                --target gtls=127.0.0.1:4434,pid=4712

            Exits with 1 when something expected of a round did not happen, and with 64 when the options are wrong.
            """
    )

    @Option(
        name: .customLong("target"),
        parsing: .singleValue,
        help: ArgumentHelp(
            """
            A server: its name in the table, its name or address with its UDP port, and what else is known of it. pid: \
            its process on this machine, for its processor time and memory. admin: the admin interface of our server, \
            for its memory. alpn and server-name: instead of the options of these names. Give two or more.
            """,
            valueName: "name=host:port[,pid=][,admin=][,alpn=][,server-name=]"
        )
    )
    var targets: [String]

    @Option(help: "How many times each target gets its turn, 1 to 1000.")
    var rounds = 3

    @OptionGroup
    var scenarioOptions: ScenarioOptions

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    func validate() throws {
        guard Comparison.targetsAccepted.contains(targets.count) else {
            throw ValidationError("--target was given \(targets.count) times: give 2 to 16")
        }
        guard Comparison.roundsAccepted.contains(rounds) else {
            throw ValidationError("--rounds \(rounds) is not accepted: use 1 to 1000")
        }
        let candidates = try targets.map(ComparisonCandidate.init)
        let names = candidates.map(\.description.name)
        guard Set(names).count == names.count else {
            throw ValidationError("--target: two targets have the same name: use \(Self.nameHint)")
        }
        for candidate in candidates { try candidate.validate(scenarioOptions) }
    }

    func run() async throws {
        let candidates = try targets.map(ComparisonCandidate.init)
        let file = try outputOptions.openReportFile()
        for candidate in candidates { try await candidate.introduce() }
        // One seed for all of them.
        let scenario = try scenarioOptions.scenario(host: "localhost")
        let run = ComparisonRun(
            of: scenario,
            targets: try candidates.map { try $0.target(scenarioOptions, isQuiet: outputOptions.quiet) },
            rounds: rounds
        )
        let comparison = try await carryOut(run, candidates)
        try file?.write(comparison)
        show(comparison)
        guard comparison.passed else { throw ExitCode.failure }
    }

    private func carryOut(_ run: ComparisonRun, _ candidates: [ComparisonCandidate]) async throws -> Comparison {
        let (rounds, isQuiet) = (rounds, outputOptions.quiet)
        let names = candidates.map(\.description.name)
        return try await Interrupt.endingEarly(nil) {
            try await run.comparison { turn in
                guard !isQuiet else { return }
                StandardStream.error.write("round \(turn.round + 1) of \(rounds), \(names[turn.target])\n")
            }
        }
    }

    private func show(_ comparison: Comparison) {
        guard outputOptions.quiet else { return StandardStream.output.write(comparison.text) }
        for failure in comparison.failures { StandardStream.error.write("quic-loadgen: \(failure)\n") }
        for warning in comparison.warnings {
            StandardStream.error.write("quic-loadgen: \(GeneratorUsage.warningTitle): \(warning)\n")
        }
    }

    private static let nameHint = "NAME=HOST:PORT with another name for each"
}

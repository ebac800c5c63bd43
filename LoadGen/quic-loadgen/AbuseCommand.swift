import ArgumentParser
import CommandLineValues
import FoundationEssentials
import LoadEngine
import LoadModel

/// `quic-loadgen abuse`: what comes of attacks on a server, with an honest client beside them.
struct AbuseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abuse",
        abstract:
            "Attack a server in known ways, and tell what it held, when it came back, and how an honest client fared.",
        discussion: """
            This is an attack tool: it exhausts servers that do not defend themselves. Use it on servers that are yours. \
            Targets that are not on this machine are refused without --authorized.

              quic-loadgen abuse --target 127.0.0.1:4433 --admin http://127.0.0.1:9443 --all
              quic-loadgen abuse --target 127.0.0.1:4433 --pid 4711 half-open crypto-spray

            With --admin each attack is held against what quic-echo-server has to do about it; without, only the honest \
            client has to fare well. Exits with 0 when everything expected happened, with 1 naming each attack for which \
            it did not, and with 64 when the options are wrong or the target does not answer at the start.
            """
    )

    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let pace = AbusePace()
        static let duration = DurationArgument(pace.duration)
    }

    @Argument(help: ArgumentHelp("The attacks to carry out; --list shows them.", valueName: "name"))
    var names: [AbuseName] = []

    @Flag(help: "Carry all attacks out.")
    var all = false

    @Flag(help: "Show the attacks, what they do and what stops them, and do nothing.")
    var list = false

    @Option(help: "The server's name or address, and its UDP port, such as localhost:4433 or [::1]:4433.")
    var target: String?

    @Option(
        help: "The server's admin interface, such as http://127.0.0.1:9443.",
        transform: ServerOptions.address
    )
    var admin: AdminAddress?

    @Option(help: "The server's process on this machine: its memory is read from /proc.")
    var pid: Int?

    @Option(help: "The application protocol to offer: echo, hq-interop or h3.")
    var alpn = "echo"

    @Option(help: "How long a flood lasts. (default: \(Default.duration))", transform: DurationArgument.init)
    var duration = Default.duration

    @Option(help: "How many datagrams a flood sends per second.")
    var rate = Default.pace.rate

    @Flag(help: "The target is not on this machine, and whoever answers for it agrees to the attacks.")
    var authorized = false

    @Option(
        help: """
            Write the outcomes as a table in Markdown to this file: into it where it has a place for it as docs/attacks.md \
            has, and instead of it otherwise.
            """
    )
    var markdown: String?

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    func validate() throws {
        guard !list else { return }
        _ = try address()
        guard all != !names.isEmpty else {
            throw ValidationError("name the attacks to carry out, or say --all; --list shows them")
        }
        guard (1...1_000_000).contains(rate) else {
            throw ValidationError("--rate \(rate): accepted are 1 to 1000000 datagrams a second")
        }
        guard (Duration.milliseconds(10)...Duration.seconds(3_600)).contains(duration.duration) else {
            throw ValidationError("--duration \(duration): accepted are 10ms to 1h")
        }
    }

    func run() async throws {
        guard !list else { return StandardStream.output.write(Self.listing) }
        let paths = [("json", outputOptions.json), ("markdown", markdown)]
        try ReportFile.checkDistinct(paths.compactMap { option, path in path.map { (option, $0) } })
        let json = try outputOptions.openReportFile()
        let table = try markdown.map { try ReportFile.openForOption($0, "markdown") }
        let engine = try engine()
        let report: AbuseReport
        do {
            report = try await carryOut(engine)
        } catch let error as AbuseEngine.Unanswered {
            throw ValidationError("--target \(target ?? ""): \(error)")
        }
        try json?.write(report)
        if let table, let markdown { try table.write(text: page(markdown, with: report.markdown)) }
        try show(report)
    }

    /// What is to be at `path`: what is there with `table` in its place, or the table alone.
    private func page(_ path: String, with table: String) -> String {
        guard let old = try? String(contentsOfFile: path, encoding: .utf8),
            let new = try? MarkedBlock.attacks.replacing(contentOf: old, with: table)
        else { return table }
        return new
    }

    private func address() throws -> TargetAddress {
        guard let target else { throw ValidationError("--target names the server to attack") }
        let address = try TargetAddress.ofOption(target)
        guard address.isLocal || authorized else {
            throw ValidationError(
                "--target \(target) is not on this machine: attacking it needs the consent of whoever answers for it, "
                    + "which --authorized asserts"
            )
        }
        return address
    }

    private func engine() throws -> AbuseEngine {
        let probe: ProcessProbe?
        do {
            probe = try pid.map { try ProcessProbe(processID: $0) }
        } catch {
            throw ValidationError("--pid \(pid ?? 0): \(error)")
        }
        return AbuseEngine(
            target: try address().address,
            applicationProtocol: alpn,
            pace: AbusePace(duration: duration.duration, rate: rate),
            server: admin.map(AdminClient.init),
            residentBytes: {
                var memory = MemoryReading()
                try? probe?.read(into: &memory)
                return memory.residentBytes
            }
        )
    }

    private func carryOut(_ engine: AbuseEngine) async throws -> AbuseReport {
        let interrupt = await Interrupt()
        let (names, quiet) = (all ? AbuseName.allCases : names, outputOptions.quiet)
        let task = Task {
            try await engine.run(names) { outcome in
                if !quiet {
                    StandardStream.error.write("\(outcome.name.rawValue): \(outcome.isMet ? "met" : "NOT MET")\n")
                }
            }
        }
        interrupt.first { task.cancel() }
        defer { interrupt.ignore() }
        return try await task.value
    }

    private func show(_ report: AbuseReport) throws {
        if !outputOptions.quiet {
            StandardStream.output.write(report.text)
        } else {
            for failure in report.failures { StandardStream.error.write("quic-loadgen: \(failure)\n") }
        }
        guard report.failures.isEmpty else { throw ExitCode.failure }
    }

    private static var listing: String {
        AbuseScenario.all.map { scenario in
            """
            \(scenario.name.rawValue)
                \(scenario.attack)
                seen in: \(scenario.reference)
                stopped by: \(scenario.defence)

            """
        }.joined()
    }
}

extension AbuseName: ExpressibleByArgument {}

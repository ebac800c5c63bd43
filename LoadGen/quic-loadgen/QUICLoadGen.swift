import ArgumentParser

/// The `quic-loadgen` command.
@main
struct QUICLoadGen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quic-loadgen",
        abstract: "Opens, holds, closes and abandons thousands of QUIC connections, and counts how each one ended.",
        subcommands: [
            RunCommand.self, MatrixCommand.self, LeakCheckCommand.self, CompareCommand.self, AbuseCommand.self,
            PlanCommand.self, MergeCommand.self,
        ]
    )
}

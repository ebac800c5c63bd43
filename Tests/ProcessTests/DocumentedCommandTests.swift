import Foundation
import Testing

extension RealProcesses {
    /// Every command line of the documents is one that the program accepts.
    @Suite struct DocumentedCommandTests {
        private static let documents = ["docs/loadgen.md", "README.md"]

        @Test func theProgramAcceptsEveryDocumentedCommand() async throws {
            let commands = try Self.documents.flatMap(DocumentedCommand.all(in:))
            #expect(commands.count >= 20)
            #expect(
                Set(commands.compactMap(\.subcommand)).isSuperset(of: ["run", "leakcheck", "compare", "plan", "merge"])
            )
            for command in commands { try await expectAccepted(command) }
        }

        @Test(arguments: [["run", "--conections", "5"], ["run", "--mode", "swim"], ["leakcheck", "--cycles", "2"]])
        func aCommandThatIsNotAcceptedIsFound(_ words: [String]) async throws {
            let command = DocumentedCommand(document: "-", heading: "-", words: words)
            let ending = try await dryRun(command)
            #expect(!Self.isAccepted(ending, command), "\(ending.errors)")
        }

        private func expectAccepted(_ command: DocumentedCommand) async throws {
            let ending = try await dryRun(command)
            #expect(Self.isAccepted(ending, command), "\(command.text)\n\(ending.errors)")
        }

        /// Runs a command so that it ends once all its options were read and found to go together: a report that cannot
        /// be written is an error before the first datagram. `plan` writes none and sends none.
        private func dryRun(_ command: DocumentedCommand) async throws -> RunningProgram.Ending {
            var words = command.words.map(Self.filled)
            if command.subcommand != "plan" {
                words = DocumentedCommand(document: "", heading: "", words: words)
                    .words(setting: ["--json": Self.unwritable])
            }
            return try await RunningProgram.run(Programs.loadGenerator, words)
        }

        private static func isAccepted(_ ending: RunningProgram.Ending, _ command: DocumentedCommand) -> Bool {
            if command.subcommand == "plan" { return ending.status == 0 }
            return ending.status == 64 && ending.errors.contains("--json \(unwritable) cannot be written")
        }

        /// A word as it is on this machine: processes and files that are, and names of hosts that lead somewhere.
        private static func filled(_ word: String) -> String {
            if word.hasSuffix(".pem") { return "/dev/null" }
            return word.replacing("{#}", with: "1").replacing(/\$(\([^)]*\)|\{[^}]*\}|[A-Za-z_]+)/, with: "1")
                .replacing(/pid=\d+/, with: "pid=\(getpid())")
                .replacing(/[a-z][a-z0-9.-]*:4433/, with: "127.0.0.1:4433")
        }

        private static let unwritable = "/no/such/folder/report.json"
    }
}

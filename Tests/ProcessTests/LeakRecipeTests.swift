import Foundation
import LoadModel
import Testing

extension PatientProcesses {
    /// The commands of docs/loadgen.md, "Five leaks that happened", with fewer connections, against a server that has
    /// exactly that leak, and against the same server without it.
    @Suite struct LeakRecipeTests {
        /// A leak of Tests/Peers/leaky_server.py, in the order of the document.
        enum Leak: String, CaseIterable {
            case table, handshake, failure, tombstone, request

            /// What makes a test of the command. Pages are noisy by 1 MiB, so forty connections show only what is
            /// large: each of these leaks is 512 KiB for each of them. Five servers in Python complete a hundred handshakes a
            /// second at most: those that fall behind still hold what they have not come to when they are read.
            var options: [String: String] {
                ["--cycles": "6", "--connections": "40", "--rate": "8", "--settle": "5s", "--message-bytes": "1KiB"]
                    .merging(["--expect-return": "128KiB"]) { $1 }
            }
        }

        /// All five at once: they mostly wait.
        @Test(arguments: [true, false])
        func eachRecipeTellsTheLeakFromItsAbsence(leaks: Bool) async throws {
            let recipes = try DocumentedCommand.all(in: "docs/loadgen.md").filter { $0.heading.hasPrefix("Five leaks") }
            try #require(recipes.count == Leak.allCases.count)
            let folder = try TemporaryFolder()
            let certificate = try await CertificateFiles(.ecdsa, in: folder)
            let files = [certificate.privateKey, certificate.certificate]
            var checks: [(leak: Leak, server: RunningProgram, check: RunningProgram)] = []
            for (leak, recipe) in zip(Leak.allCases, recipes) {
                let fault = leaks ? ["--leak", leak.rawValue, "--tombstone-bytes", "524288"] : []
                let server = try Peers.start("leaky_server.py", files + fault, seconds: 110)
                let port = try await server.line(startingWith: "listening on ")
                let process = try await server.line(startingWith: "process ")
                let place = ["--target": "127.0.0.1:\(port)", "--pid": process]
                let words = recipe.words(setting: leak.options.merging(place) { $1 })
                checks.append((leak, server, try RunningProgram(Programs.loadGenerator, words, seconds: 100)))
            }
            for (leak, server, check) in checks {
                let ending = try await check.ending()
                #expect(ending.status == (leaks ? 1 : 0), "\(leak.rawValue)\n\(ending.output)\n\(ending.errors)")
                let verdict = leaks ? "leaks " : "returns: "
                #expect(ending.output.contains("\n\(verdict)"), "\(leak.rawValue)\n\(ending.output)")
                server.send(SIGTERM)
                _ = try await server.ending()
            }
        }
    }
}

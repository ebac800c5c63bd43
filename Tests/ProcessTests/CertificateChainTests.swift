import Foundation
import LoadModel
import QUICTesting
import Testing

extension RealProcesses {
    /// A server with a long certificate chain, and clients of other implementations.
    @Suite struct CertificateChainTests {
        /// What Tests/Peers/echo_client.py prints.
        private struct Answer: Decodable {
            let echoed: [Bool]
        }

        /// A chain and its key in PEM files.
        private struct Files {
            let options: [String]
            let authority: String

            init(_ key: CertificateChain.Key, byteCount: Int, in folder: TemporaryFolder) throws {
                let chain = try CertificateChain(key, byteCount: byteCount)
                let certificates = try folder.write(chain.certificates, to: "chain.pem")
                let privateKey = try folder.write(chain.privateKey, to: "key.pem")
                options = ["--certificate", certificates, "--private-key", privateKey]
                authority = try folder.write(chain.authority, to: "authority.pem")
            }
        }

        /// Starts a server with a chain of 30 KB, has `body` use it, and expects it to serve others as well.
        private func withLongChain(
            _ key: CertificateChain.Key,
            alpn: String,
            _ body: (RunningServer, _ authority: String, TemporaryFolder) async throws -> Void
        ) async throws {
            let folder = try TemporaryFolder()
            let files = try Files(key, byteCount: 30_000, in: folder)
            try await withServer(files.options[0], files.options[1], files.options[2], files.options[3], "--alpn", alpn)
            {
                try await body($0, files.authority, folder)
                #expect(try await $0.statistics().closedByCause["budget_exceeded", default: 0] == 0)
            }
        }

        @Test(arguments: CertificateChain.Key.allCases)
        func aioquicVerifiesAChainOf30KBAndGetsItsEcho(_ key: CertificateChain.Key) async throws {
            try await withLongChain(key, alpn: "echo") { server, authority, _ in
                let arguments = server.hostAndPort + ["trust", "64", "100000", "--authority", authority]
                let answer = try await Peers.run("echo_client.py", arguments, as: Answer.self)
                #expect(answer.echoed == [true, true])
            }
        }

        @Test(arguments: CertificateChain.Key.allCases)
        func debiansClientGetsItsFileThroughAChainOf30KB(_ key: CertificateChain.Key) async throws {
            try await withLongChain(key, alpn: "h3") { server, _, folder in
                let ending = try await RunningProgram.run(
                    Programs.debianClient,
                    ["--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump", "-q"]
                        + ["--download=\(folder.url.path)"] + server.hostAndPort + ["https://localhost/1000"],
                    seconds: 20
                )
                #expect(ending.status == 0, "\(ending.errors)")
                #expect(try Data(contentsOf: folder.url.appending(path: "1000")).count == 1_000)
            }
        }

        @Test func ourGeneratorShakesHandsThroughAChainOf30KB() async throws {
            try await withLongChain(.p256, alpn: "echo") { server, _, _ in
                let run = try await LoadGenerator.run(server.address, "--connections", "20", "--duration", "1s")
                #expect(run.status == 0, "\(run.errors)")
            }
        }

        @Test func aChainThatHasNoRoomExitsWith1AndTheArithmetic() async throws {
            let folder = try TemporaryFolder()
            let files = try Files(.p256, byteCount: 40_000, in: folder)
            let ending = try await RunningProgram.run(Programs.server, files.options, seconds: 10)
            #expect(ending.status == 1)
            #expect(ending.output == "")
            let lines = ending.errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
            #expect(lines.count == 1, "\(ending.errors)")
            let sum = try #require(ending.errors.firstMatch(of: /45056 \+ (\d+) = (\d+) bytes/))
            #expect(sum.1.hasPrefix("400") || sum.1.hasPrefix("399"))
            // The value that it names is accepted.
            let limit = ["--handshake-memory-limit", String(sum.2)]
            try await withServer(
                files.options[0],
                files.options[1],
                files.options[2],
                files.options[3],
                limit[0],
                limit[1]
            ) {
                let arguments = $0.hostAndPort + ["echo", "64"]
                let answer = try await Peers.run("echo_client.py", arguments, as: Answer.self)
                #expect(answer.echoed == [true])
            }
        }
    }
}

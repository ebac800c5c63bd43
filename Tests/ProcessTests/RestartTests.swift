import Datagrams
import Foundation
import LoadModel
import QUICTesting
import QUICTransport
import Testing

extension RealProcesses {
    /// A server that follows another one on the same address, with or without its secrets.
    @Suite struct RestartTests {
        /// The part of `GET /stats` about tokens.
        private struct Tokens: Decodable {
            struct Counts: Decodable, Equatable {
                let retried: Int
                let known: Int
                let spent: Int
            }

            let addressTokens: Counts
            let retries: Int

            private enum CodingKeys: String, CodingKey {
                case addressTokens = "address_tokens"
                case retries
            }
        }

        private struct Visit: Decodable {
            let brought: Bool
        }

        private func start(_ options: [String], listening address: String = "127.0.0.1:0") async throws -> RunningServer
        {
            try await RunningServer(options, listening: address, executable: Programs.server, environment: [:])
        }

        // RFC 9000 §10.3: a stateless reset is provided as an option of last resort for an endpoint that does not have
        // access to the state of a connection.
        @Test func theClientOfAServerThatWasKilledIsResetByItsSuccessorAtOnce() async throws {
            let folder = try TemporaryFolder()
            let options = ["--secret-file", folder.path("secret")]
            let first = try await start(options)
            let client = try LoopbackClient(of: try #require(SocketAddress(first.address)), seed: 1)
            let connection = try client.connect()
            try await first.die()
            let second = try await start(options, listening: first.address)
            #expect(try client.waitForEnd(of: connection))
            #expect(client.closes == [.statelessReset])
            let ending = try await second.stop()
            #expect(ending.status == 0, "\(ending.errors)")
            expectNothingIsLeft(ending.output)
        }

        // RFC 9000 §8.1.4: tokens are to be used once.
        @Test(arguments: [1, 2])
        func aTokenOfTheServerBeforeIsKnownOnce(version: Int) async throws {
            let folder = try TemporaryFolder()
            let options = ["--secret-file", folder.path("secret"), "--retry", "always"]
            let first = try await start(options)
            #expect(try await visit(first, folder.path("token"), version: version).brought == false)
            #expect(try await first.stop().status == 0)

            let kept = try Data(contentsOf: URL(filePath: folder.path("token")))
            let second = try await start(options)
            #expect(try await visit(second, folder.path("token"), version: version).brought)
            var tokens: Tokens = try await second.decodedStatistics()
            #expect(tokens.addressTokens == Tokens.Counts(retried: 0, known: 1, spent: 0))
            #expect(tokens.retries == 0)

            try kept.write(to: URL(filePath: folder.path("token")))
            #expect(try await visit(second, folder.path("token"), version: version).brought)
            tokens = try await second.decodedStatistics()
            #expect(tokens.addressTokens == Tokens.Counts(retried: 1, known: 1, spent: 1))
            #expect(tokens.retries == 1)
            #expect(try await second.stop().status == 0)
        }

        @Test func aServerWithoutThoseSecretsDoesNotKnowTheToken() async throws {
            let folder = try TemporaryFolder()
            let first = try await start(["--retry", "always"])
            _ = try await visit(first, folder.path("token"))
            #expect(try await first.stop().status == 0)
            let second = try await start(["--retry", "always"])
            #expect(try await visit(second, folder.path("token")).brought)
            let tokens: Tokens = try await second.decodedStatistics()
            #expect(tokens.addressTokens == Tokens.Counts(retried: 1, known: 0, spent: 0))
            #expect(try await second.stop().status == 0)
        }

        @Test func aSecretFileThatOthersMayReadExitsWith64AndIsNamed() async throws {
            let folder = try TemporaryFolder()
            let path = try folder.write("secret", to: "secret")
            for mode in [0o644, 0o600] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                let arguments = ["--listen", "127.0.0.1:0", "--secret-file", path]
                let ending = try await RunningProgram.run(Programs.server, arguments, seconds: 10)
                #expect(ending.status == 64)
                #expect(ending.errors.contains("--secret-file \(path) is not accepted"))
            }
        }

        private func visit(_ server: RunningServer, _ tokenFile: String, version: Int = 1) async throws -> Visit {
            let arguments = server.hostAndPort + [tokenFile, "\(version)"]
            return try await Peers.run("address_token.py", arguments, as: Visit.self)
        }
    }
}

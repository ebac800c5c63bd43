import Foundation
import QUICAsync
import QUICClient
import QUICEndpoint
import Testing

extension RealProcesses {
    /// `AsyncClient` and its pool against a server that shares no code with it, aioquic's.
    @Suite struct LibraryClientTests {
        /// Calls `body` with an independent echo server's address and its certificate.
        private func withServer(
            _ body: @escaping @Sendable (SocketAddress, _ certificate: String) async throws -> Void
        ) async throws {
            let folder = try TemporaryFolder()
            let certificate = try await CertificateFiles(.ecdsa, in: folder)
            let server = try Peers.start(
                "echo_server.py",
                [certificate.privateKey, certificate.certificate],
                seconds: 60
            )
            let port = try await server.line(startingWith: "listening on ")
            let address = try #require(SocketAddress("127.0.0.1:\(port)"))
            try await body(address, certificate.certificate)
            server.send(SIGTERM)
            _ = try await server.ending()
        }

        private func client(_ verification: ServerVerification) throws -> AsyncClient {
            var configuration = ClientConfiguration(applicationProtocols: ["echo"])
            configuration.verification = verification
            return try AsyncClient(configuration: configuration)
        }

        @Test func messagesComeBackFromAServerOfAnotherMake() async throws {
            try await withServer { address, certificate in
                let client = try client(.authorities(file: certificate))
                let pool = ConnectionPool(of: client)
                // Other tests may take the threads that all tasks share.
                try await Task(executorPreference: client.worker.taskExecutor) {
                    for count in [1, 3_000, 500_000] {
                        let answer = try await pool.withConnection(to: address, serverName: "localhost") { connection in
                            let stream = try await connection.openStream()
                            async let answer = stream.reduce(into: [UInt8]()) { $0 += $1 }
                            try await stream.write([UInt8](repeating: 5, count: count))
                            stream.finish()
                            return try await answer
                        }
                        #expect(answer == [UInt8](repeating: 5, count: count))
                    }
                }.value
                pool.shutDown()
                let last = try await client.shutDown()
                #expect(last.hasReturned && last.connections.created == 1)
            }
        }

        @Test func onlyItsNameAndItsKeyAreBelieved() async throws {
            try await withServer { address, certificate in
                let wrong = try #require(PublicKeyHash(bytes: [UInt8](repeating: 0, count: 32)))
                for (verification, name, isBelieved) in [
                    (ServerVerification.authorities(file: certificate), "example.org", false),
                    (.keys([wrong]), "localhost", false),
                    (.keys([try PublicKeyHash(ofCertificate: certificate)]), "example.org", true),
                ] {
                    let client = try client(verification)
                    if isBelieved {
                        _ = try await client.connect(to: address, serverName: name)
                    } else {
                        await #expect(throws: ConnectError.certificateRefused) {
                            _ = try await client.connect(to: address, serverName: name)
                        }
                    }
                    #expect(try await client.shutDown().hasReturned)
                }
            }
        }
    }
}

import Testing

extension RealProcesses {
    /// The server's command line: what it refuses, and how it says so.
    @Suite struct ServerCommandTests {
        /// Options that are refused, and what the message names.
        struct Refusal: Sendable, CustomTestStringConvertible {
            let options: [String]
            let named: [String]

            init(_ options: String..., naming named: String...) {
                self.options = options
                self.named = named
            }

            var testDescription: String { options.joined(separator: " ") }
        }

        @Test(
            arguments: [
                Refusal("--listen", "nonsense", naming: "--listen", "nonsense", "127.0.0.1:4433"),
                Refusal("--listen", "127.0.0.1", naming: "--listen", "127.0.0.1"),
                Refusal("--listen", "127.0.0.1:99999", naming: "--listen", "127.0.0.1:99999"),
                Refusal("--listen", "localhost:4433", naming: "--listen", "localhost:4433"),
                Refusal("--admin", "nonsense", naming: "--admin", "nonsense"),
                Refusal("--admin", "0.0.0.0:0", naming: "--admin", "0.0.0.0:0", "127.0.0.0/8"),
                Refusal("--idle-timeout", "soon", naming: "--idle-timeout", "soon", "500ms"),
                Refusal("--idle-timeout", "1ms", naming: "--idle-timeout", "1ms", "10ms to 24h"),
                Refusal("--idle-timeout", "25h", naming: "--idle-timeout", "25h", "10ms to 24h"),
                Refusal("--handshake-timeout", "0s", naming: "--handshake-timeout", "0s", "10ms to 24h"),
                Refusal("--no-progress-timeout", "1ms", naming: "--no-progress-timeout", "1ms", "10ms to 24h"),
                Refusal("--stream-window", "64KiB..32KiB", naming: "--stream-window", "64KiB..32KiB", "64KiB..8MiB"),
                Refusal("--minimum-progress", "0", naming: "--minimum-progress", "0", "1 to 1MiB"),
                Refusal("--retry", "perhaps", naming: "--retry", "perhaps", "'auto', 'always' or 'never'"),
                Refusal("--alpn", "gopher", naming: "--alpn", "gopher", "echo, hq-interop, h3"),
                Refusal("--alpn", "echo,echo", naming: "--alpn", "echo,echo", "each once"),
                Refusal("--alpn", "", naming: "--alpn", "echo, hq-interop, h3"),
                Refusal("--workers", "0", naming: "--workers", "0", "1 to 256"),
                Refusal("--workers", "257", naming: "--workers", "257", "1 to 256"),
                Refusal("--workers", "many", naming: "--workers", "many", "1 to 256"),
                Refusal("--drain-timeout", "25h", naming: "--drain-timeout", "25h", "0 to 24h"),
                Refusal("--event-log", "65537", naming: "--event-log", "65537", "0 to 65536"),
                Refusal("--qlog", "/nowhere", naming: "--qlog", "/nowhere", "accepted is"),
                Refusal("--log-level", "loud", naming: "--log-level", "loud", "debug"),
                Refusal("--certificate", "a.pem", naming: "--certificate", "a.pem", "--private-key"),
                Refusal("--private-key", "a.pem", naming: "--private-key", "a.pem", "--certificate"),
                Refusal("--frobnicate", naming: "--frobnicate"),
                Refusal("stray", naming: "stray"),
            ]
        )
        func wrongOptionsExitWith64AndNameTheValue(_ refusal: Refusal) async throws {
            let ending = try await RunningProgram.run(Programs.server, refusal.options, seconds: 10)
            #expect(ending.status == 64)
            #expect(ending.output == "")
            for name in refusal.named { #expect(ending.errors.contains(name)) }
        }

        @Test func aTakenPortExitsWith1AndNamesTheAddress() async throws {
            try await withServer { server in
                let ending = try await RunningProgram.run(Programs.server, ["--listen", server.address], seconds: 10)
                #expect(ending.status == 1)
                #expect(ending.output == "")
                #expect(ending.errors.contains(server.address))
            }
        }

        @Test func aTakenPortExitsWith1AlsoWithSeveralWorkers() async throws {
            try await withServer("--workers", "2") { server in
                let arguments = ["--listen", server.address, "--workers", "2"]
                let ending = try await RunningProgram.run(Programs.server, arguments, seconds: 10)
                #expect(ending.status == 1)
                #expect(ending.output == "")
                #expect(ending.errors.contains(server.address))
            }
        }

        @Test func aMissingCertificateFileExitsWith1AndIsNamed() async throws {
            let arguments = ["--certificate", "/nowhere/a.pem", "--private-key", "/nowhere/b.pem"]
            let ending = try await RunningProgram.run(Programs.server, arguments, seconds: 10)
            #expect(ending.status == 1)
            #expect(ending.errors.contains("/nowhere/a.pem"))
        }

        @Test func aFileThatIsNoCertificateExitsWith1AndIsNamed() async throws {
            let folder = try TemporaryFolder()
            let file = try folder.write("not PEM", to: "a.pem")
            let arguments = ["--certificate", file, "--private-key", file]
            let ending = try await RunningProgram.run(Programs.server, arguments, seconds: 10)
            #expect(ending.status == 1)
            #expect(ending.errors.contains(file))
        }
    }
}

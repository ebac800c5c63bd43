import LoadModel
import Testing

extension RealProcesses {
    /// Targets that are given by name.
    @Suite struct HostNameTests {
        @Test func aNameLeadsToItsAddress() async throws {
            try await withServer { server in
                let port = try #require(server.hostAndPort.last)
                let run = try await LoadGenerator.run("localhost:\(port)", "--connections", "20", "--rate", "200")
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.target == "localhost:\(port)")
                #expect(run.report.scenario.serverName == "localhost")
                #expect(run.report.outcomes.completed == 20)
            }
        }

        @Test func anIPv6AddressStandsInBrackets() async throws {
            try await withServer(listening: "[::1]:0") { server in
                let run = try await LoadGenerator.run(server.address, "--connections", "20", "--rate", "200")
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.outcomes.completed == 20)
            }
        }

        // RFC 6125 §6.4: the certificate is for the name that was asked for, not for the address it led to.
        @Test(arguments: [("localhost", 0), ("127.0.0.1", 1)])
        func theCertificateMustBeForTheNameThatWasGiven(_ host: String, _ status: Int32) async throws {
            let folder = try TemporaryFolder()
            let files = try await CertificateFiles(.ecdsa, in: folder)
            try await withServer("--certificate", files.certificate, "--private-key", files.privateKey) { server in
                let port = try #require(server.hostAndPort.last)
                let options = ["--ca", files.certificate, "--connections", "5"]
                let run = try await LoadGenerator.start("\(host):\(port)", options).ending()
                #expect(run.status == status, "\(run.errors)")
                #expect(run.report.outcomes.count(of: .certificateInvalid) == (status == 0 ? 0 : 5))
            }
        }

        // RFC 6761 §6.4: names below "invalid" do not exist.
        @Test(arguments: [["run"], ["leakcheck", "--pid", "1"], ["matrix", "--pid", "1"]])
        func aNameWithoutAnAddressExitsWith64AndIsNamed(_ command: [String]) async throws {
            let target = ["--target", "no-such-host.invalid:4433"]
            let ending = try await RunningProgram.run(Programs.loadGenerator, command + target)
            #expect(ending.status == 64)
            #expect(ending.errors.contains("no-such-host.invalid"), "\(ending.errors)")
            #expect(ending.errors.contains("use a name that has an address"), "\(ending.errors)")
        }

        @Test(arguments: [
            "localhost", "localhost:", "localhost:0", "localhost:65536", ":4433", "::1:4433", "0.0.0.0:4433",
        ])
        func whatIsNoTargetExitsWith64(_ target: String) async throws {
            let ending = try await RunningProgram.run(Programs.loadGenerator, ["run", "--target", target])
            #expect(ending.status == 64)
            #expect(ending.errors.contains("use HOST:PORT, such as localhost:4433"), "\(ending.errors)")
        }
    }
}

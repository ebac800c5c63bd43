import DatagramIO
import Datagrams
import LoadModel
import Testing

extension RealProcesses {
    /// What the load generator says when connections do not succeed.
    @Suite struct LoadFailureTests {
        @Test func aClosedPortRefuses() async throws {
            let run = try await LoadGenerator.run("127.0.0.1:\(FreePort.udp())", "--connections", "20")
            #expect(run.status == 1)
            #expect(run.report.outcomes.count(of: .refused) == 20)
        }

        @Test func silenceTimesOutAtTheDialDeadline() async throws {
            // Bound, so that nothing refuses, and never read.
            let silent = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
            let target = "\(silent.boundAddress)"
            let run = try await LoadGenerator.run(
                target,
                "--connections",
                "20",
                "--rate",
                "1000",
                "--dial-timeout",
                "1s"
            )
            #expect(run.status == 1)
            #expect(run.report.outcomes.count(of: .timedOut) == 20)
            #expect((1..<2).contains(run.report.elapsedSeconds))
            #expect(silent.boundAddress.port != 0)
        }

        @Test func aProtocolTheServerLacksEndsWithAlert120() async throws {
            try await withServer("--alpn", "hq-interop") { server in
                let run = try await LoadGenerator.run(server, "--connections", "20", "--expect-return")
                #expect(run.status == 1)
                #expect(run.report.outcomes.count(of: .alert(120)) == 20)
                #expect(run.report.server?.after?.closedByCause["tls_alert"] == 20)
            }
        }
    }
}

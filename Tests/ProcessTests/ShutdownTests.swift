import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// Signals, also while clients are connected.
    @Suite struct ShutdownTests {
        @Test(arguments: RunningServer.StopSignal.allCases)
        func aSignalEndsTheServerInOrder(_ signal: RunningServer.StopSignal) async throws {
            try await withServer { server in
                let ending = try await server.stop(with: signal)
                #expect(ending.status == 0, "\(ending.errors)")
            }
        }

        @Test func everyClientIsToldAndThePortIsFreeAtOnce() async throws {
            var address = ""
            try await withServer { server in
                address = server.address
                let load = try LoadGenerator.start(
                    address,
                    ["--mode", "hold", "--connections", "500", "--rate", "1000", "--hold", "60s"]
                )
                _ = try await server.statistics(within: 10) { $0.connections.established == 500 }
                let start = ContinuousClock.now
                let ending = try await server.stop()
                #expect(ending.status == 0, "\(ending.errors)")
                #expect(ContinuousClock.now - start < .seconds(3))
                #expect(ending.output.contains("closed: created 500, closed 500, live 0,"))
                let run = try await load.ending()
                #expect(run.status == 1)
                #expect(run.report.outcomes.count(of: .closedByPeer) == 500)
            }
            try await withServer(listening: address) { server in
                #expect(server.address == address)
                let run = try await LoadGenerator.run(server, "--connections", "1")
                #expect(run.status == 0)
            }
        }
    }
}

import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// Pages of real runs in a real browser, in light and in dark.
    @Suite struct PageTests {
        @Test func thePageOfAHerdIsLegible() async throws {
            try await withServer { server in
                let page = try await page(
                    of: server,
                    ["--mode", "idle-herd", "--step", "100", "--connections", "500", "--settle", "500ms"]
                )
                #expect(page.contains("Memory over open connections"))
                try await expectLegible(page, plots: 4, name: "herd")
            }
        }

        @Test func thePageOfARunIsLegible() async throws {
            try await withServer { server in
                let page = try await page(
                    of: server,
                    [
                        "--mode", "hold", "--hold", "1s", "--connections", "400", "--rate", "200", "--expect",
                        "failed==0",
                    ]
                )
                try await expectLegible(page, plots: 3, name: "run")
            }
        }

        @Test func thePageOfALeakCheckIsLegible() async throws {
            try await withServer("--idle-timeout", "1s") { server in
                let folder = try TemporaryFolder()
                let options = ["--admin", server.admin, "--manner", "close", "--cycles", "4", "--connections", "200"]
                let check = try await LeakChecker.start(
                    server.address,
                    options + ["--settle", "1s", "--html", folder.path("page")]
                ).ending()
                #expect([0, 2].contains(check.status), "\(check.errors)")
                try await expectLegible(folder.text(of: "page"), plots: 1, name: "leakcheck")
            }
        }

        /// The page of a run against `server`.
        private func page(of server: RunningServer, _ options: [String]) async throws -> String {
            let folder = try TemporaryFolder()
            let run = try await LoadGenerator.start(server, options + ["--html", folder.path("page")]).ending()
            #expect(run.status == 0, "\(run.errors)")
            return folder.text(of: "page")
        }

        /// Expects a browser to show all of a page, in a wide window and in that of a telephone.
        private func expectLegible(_ page: String, plots: Int, name: String) async throws {
            for (isDark, width) in [(false, 1_200), (true, 1_200), (false, 500)] {
                let visit = try await Browser.visit(page, isDark: isDark, width: width)
                #expect(visit.console == [])
                #expect(visit.findings.problems == [], "\(name), \(width) wide, dark: \(isDark)")
                #expect(visit.findings.isDark == isDark)
                #expect(visit.findings.background == (isDark ? "rgb(18, 21, 26)" : "rgb(246, 247, 249)"))
                #expect(visit.findings.plots == plots)
                #expect(visit.findings.shapes >= plots && visit.findings.texts >= 8 * plots)
                #expect(visit.screenshot.starts(with: [0x89, 0x50, 0x4E, 0x47]))
                #expect(visit.screenshot.count > 20_000)
            }
        }
    }
}

import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// What a run leaves behind: files, and the memory of a target that has no statistics of its own to show.
    @Suite struct LoadOutputTests {
        @Test func everyFileIsWritten() async throws {
            try await withServer { server in
                let folder = try TemporaryFolder()
                let run = try await LoadGenerator.run(
                    server.address,
                    "--connections",
                    "60",
                    "--rate",
                    "40",
                    "--csv",
                    folder.path("run.csv"),
                    "--hgrm",
                    folder.path("run.hgrm"),
                    "--html",
                    folder.path("run.html")
                )
                #expect(run.status == 0, "\(run.errors)")
                let lines = folder.text(of: "run.csv").split(separator: "\n")
                #expect(lines.first.map(String.init) == Timeline.csvColumns.joined(separator: ","))
                #expect(lines.count - 1 == run.report.timeline?.samples.count)
                let last = try #require(lines.last).split(separator: ",", omittingEmptySubsequences: false)
                #expect(last.count == Timeline.csvColumns.count && last[4] == "60")
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
                let latencies = ["echo", "first_answer", "handshake", "handshake_from_start", "start_delay"]
                #expect(Set(names) == Set(["run.csv", "run.html"] + latencies.map { "run.\($0).hgrm" }))
                let distribution = folder.text(of: "run.echo.hgrm")
                #expect(distribution.contains("Value     Percentile TotalCount 1/(1-Percentile)\n"))
                #expect(distribution.contains("Total count    =           60]"))
                #expect(folder.text(of: "run.html").contains(" expectations met"))
            }
        }

        @Test func aLatencyThatWasNotMeasuredHasNoFile() async throws {
            try await withServer { server in
                let folder = try TemporaryFolder()
                let options = [
                    "--mode", "close", "--connections", "5", "--concurrency", "1", "--hgrm", folder.path("a"),
                ]
                let run = try await LoadGenerator.start(server.address, options).ending()
                #expect(run.status == 0, "\(run.errors)")
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
                #expect(names == ["a.handshake.hgrm", "a.handshake_from_start.hgrm"])
            }
        }

        @Test func whatWasExpectedAndDidNotHappenIsNamed() async throws {
            try await withServer { server in
                let run = try await LoadGenerator.run(
                    server.address,
                    "--connections",
                    "20",
                    "--expect",
                    "handshake.p99<1us",
                    "--expect",
                    "failed==0",
                    "--expect",
                    "echoed < 20"
                )
                #expect(run.status == 1)
                let lines = run.errors.split(separator: "\n")
                #expect(lines.contains { $0.hasPrefix("quic-loadgen: handshake.p99<1us: handshake.p99 is ") })
                #expect(lines.contains("quic-loadgen: echoed<20: echoed is 20"))
                #expect(!run.errors.contains("failed==0"))
                #expect(run.report.verdict.expectations.contains { $0.name == "failed==0" && $0.passed })
            }
        }

        @Test func theMemoryOfAProcessIsSeenWithoutItsHelp() async throws {
            try await withServer { server in
                let run = try await LoadGenerator.run(
                    server.address,
                    "--pid",
                    "\(try server.processID)",
                    "--mode",
                    "idle-herd",
                    "--step",
                    "500",
                    "--connections",
                    "1000",
                    "--settle",
                    "600ms",
                    "--expect",
                    "target.bytes_per_connection<64KiB",
                    "--expect",
                    "target.bytes_per_connection>8KiB"
                )
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.server == nil)
                let memory = try #require(run.report.memory)
                let before = try #require(memory.before?.residentBytes)
                #expect(try #require(memory.peak?.residentBytes) > before + 8_000_000)
                #expect(memory.before?.descriptors ?? 0 > 0 && memory.before?.threads ?? 0 > 0)
                #expect(run.report.timeline?.samples.contains { $0.residentBytes ?? 0 > before } == true)
                #expect(run.report.steps.allSatisfy { $0.target?.residentBytes ?? 0 > before })
                #expect(!run.errors.contains("is it the server?"))
            }
        }

        @Test func aProcessThatIsNotTheServerIsDoubted() async throws {
            try await withServer { server in
                let run = try await LoadGenerator.run(server.address, "--connections", "1", "--pid", "\(getpid())")
                #expect(run.status == 0)
                #expect(run.errors.contains("is it the server?"), "\(run.errors)")
            }
        }

        @Test func theMemoryOfAControlGroupStandsForItsRSS() async throws {
            // Written as the kernel writes it: a real group needs rights that tests do not have.
            let folder = try TemporaryFolder()
            _ = try folder.write("4096000\n", to: "memory.current")
            _ = try folder.write("anon 2048000\nfile 1024\nsock 4096\nslab 512\n", to: "memory.stat")
            try await withServer { server in
                let run = try await LoadGenerator.run(
                    server.address,
                    "--cgroup",
                    folder.url.path,
                    "--connections",
                    "50",
                    "--rate",
                    "40",
                    "--expect",
                    "target.peak_resident_bytes<=2048000"
                )
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.memory?.peak?.controlGroupBytes == 2_048_000)
                #expect(run.report.timeline?.samples.last?.residentBytes == 2_048_000)
            }
        }
    }
}

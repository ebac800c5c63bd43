import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// What the load generator says to options that are wrong, before it does anything.
    @Suite struct LoadCommandTests {
        @Test(arguments: [
            (["--rate", "5", "--concurrency", "5"], "--rate and --concurrency exclude each other"),
            (["--concurrency", "0"], "--concurrency 0 is not accepted: use 1 to 100000"),
            (["--mode", "idle-herd", "--duration", "5s"], "use connections with mode idle-herd"),
            (["--mode", "bulk", "--bulk", "upload"], "--bulk upload is not accepted: use it with ALPN h3"),
            (["--alpn", "foo"], "--mode echo is not accepted: use hold, close or idle-herd with ALPN foo"),
            (["--sockets", "1", "--workers", "2"], "--sockets 1 is not accepted: use 2 or more"),
            (["--local-address", "127.0.0.2,"], "--local-address:  is not an address of the target's family"),
            (["--local-address", "::1"], "--local-address: ::1 is not an address of the target's family"),
            (["--ca", "/no/such/file"], "--ca: cannot read /no/such/file: No such file or directory"),
            (["--ca", "/dev/null", "--insecure"], "--ca and --insecure exclude each other"),
            (["--stream-window", "1"], "--stream-window 1 is not accepted: use 1KiB to 1GiB"),
            (
                ["--stream-window", "1MiB", "--connection-window", "64KiB"],
                "--stream-window 1MiB is not accepted: use at most the connection's window, 64KiB"
            ),
            (["--read-rate", "fast"], "'fast' is invalid for '--read-rate <read-rate>'"),
            (["--read-rate", "0"], "--read-rate 0 is not accepted: use 1 to 1GiB"),
            (["--think-time", "2d"], "use a whole number with ms, s, m or h"),
            (["--resumption", "maybe"], "'maybe' is invalid"),
            (["--expect", "handshake.p98<50ms"], "handshake.p98 is not a metric: did you mean handshake.p90?"),
            (["--expect", "handshake.p99<50"], #""50" is not a duration: handshake.p99 is compared with a number"#),
            (["--expect", "fast"], #""fast" is not a threshold: use a metric, one of < <= > >= ==, and a value"#),
            (["--expect", "failed=0"], #""failed=0" is not a threshold"#),
            (
                ["--expect", "target.peak_resident_bytes<1GiB"],
                "--expect target.peak_resident_bytes<1GiB needs --pid, --cgroup or --admin"
            ),
            (["--pid", "1", "--expect", "target.connections==0"], "--expect target.connections==0 needs --admin"),
            (["--csv", "/no/folder/x"], "--csv /no/folder/x cannot be written: No such file or directory"),
            (["--html", ""], "--html  cannot be written: its name is empty"),
            (["--html", "/tmp"], "--html /tmp cannot be written: it is a folder"),
            (["--json", "/dev/null"], "--json /dev/null cannot be written: it is not a file"),
            (["--hgrm", "/no/folder/x"], "--hgrm /no/folder/x.handshake.hgrm cannot be written: No such file"),
            (["--csv", "/tmp/x", "--html", "/tmp/../tmp/x"], "--csv and --html name the same file: /tmp/../tmp/x"),
            (
                ["--csv", "/tmp/a.echo.hgrm", "--hgrm", "/tmp/a"],
                "--csv and --hgrm name the same file: /tmp/a.echo.hgrm"
            ),
            (["--admin", "http://127.0.0.1:1"], "--admin: GET http://127.0.0.1:1/stats: Connection refused"),
            (["--pid", "4194305"], "--pid 4194305: there is no process 4194305"),
            (["--cgroup", "/no/group"], "--cgroup /no/group: /no/group: No such file or directory"),
            (["--cgroup", "/tmp"], "/tmp has no memory.current and memory.stat: it is no group of cgroup v2"),
        ])
        func wrongOptionsAreNamed(_ options: [String], _ sentence: String) async throws {
            let ending = try await run("127.0.0.1:4433", options)
            #expect(ending.status == 64)
            #expect(ending.errors.contains(sentence), "\(ending.errors)")
        }

        @Test func aProcessThatMayNotBeReadIsNamed() async throws {
            let command = try [Programs.loadGenerator.path, "run", "--target", "127.0.0.1:4433", "--quiet", "--pid"]
            // Root may read everything unless it gives its capabilities away.
            let powerless = ["--bounding-set=-all", "--inh-caps=-all"]
            let ending =
                geteuid() == 0
                ? try await RunningProgram.run(Programs.setpriv, powerless + command + ["\(getpid())"])
                : try await RunningProgram.run(Programs.loadGenerator, command.dropFirst() + ["1"])
            #expect(ending.status == 64)
            #expect(ending.errors.contains("no permission to read /proc/"), "\(ending.errors)")
        }

        @Test func aTargetElsewhereHasToBeVerifiedOrBelievedOnPurpose() async throws {
            let ending = try await run("192.0.2.1:4433", [])
            #expect(ending.status == 64)
            #expect(ending.errors.contains("give --ca FILE to verify its certificate, or --insecure"))
        }

        @Test func aFileWithoutAuthoritiesEndsTheRunBeforeItBegins() async throws {
            let ending = try await run("127.0.0.1:4433", ["--ca", "/dev/null"])
            #expect(ending.status == 1)
            #expect(ending.errors.contains("/dev/null holds no certificate"), "\(ending.errors)")
        }

        @Test func theHelpShowsExamples() async throws {
            let ending = try await RunningProgram.run(Programs.loadGenerator, ["run", "--help"])
            #expect(ending.status == 0)
            #expect(ending.output.contains("--step 1000 --connections 20000 \\\n"))
        }

        @Test func anInterruptEndsTheRunAndIsReported() async throws {
            try await withServer { server in
                let load = try LoadGenerator.start(
                    server.address,
                    ["--mode", "hold", "--hold", "60s", "--connections", "200", "--rate", "50"]
                )
                _ = try await server.statistics(within: 20) { $0.connections.established >= 20 }
                load.interrupt()
                let run = try await load.ending()
                #expect(run.status == 1)
                #expect(run.report.outcomes.count(of: .cancelled) == 200)
                #expect(run.report.generator.descriptors.map { $0.after <= $0.before } == true)
            }
        }

        private func run(_ target: String, _ options: [String]) async throws -> RunningProgram.Ending {
            try await RunningProgram.run(Programs.loadGenerator, ["run", "--target", target, "--quiet"] + options)
        }
    }
}

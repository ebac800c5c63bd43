import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// Servers whose system fails them: they serve whom they can, and end in order.
    @Suite struct FaultTests {
        private static let variable = "QUICHARNESS_FAULT"

        /// A fault, and what its server may do about it.
        struct Fault: Sendable {
            let name: String
            /// Whether each of its clients gets what it wants all the same.
            var isHarmless = true
            /// Whether the server says that it struck.
            var isAnnounced = true
            /// Connections that the server had to close.
            var cause: String?
        }

        static let faults = [
            Fault(name: "allocation=1/500", isHarmless: false, isAnnounced: false, cause: "out_of_memory"),
            Fault(name: "allocation=#1234", isHarmless: false, isAnnounced: false),
            Fault(name: "send=EAGAIN/20"),
            Fault(name: "send=ENOBUFS/20"),
            Fault(name: "send=EPERM/20"),
            Fault(name: "send=EMSGSIZE/20"),
            Fault(name: "receive=ENOMEM/20"),
            Fault(name: "receive=short", isAnnounced: false),
            Fault(name: "clock=+3600", isHarmless: false),
            Fault(name: "clock=-5"),
            Fault(name: "epoll=EINTR/10"),
            Fault(name: "receive=short,send=EAGAIN/7,epoll=EINTR/3"),
        ]

        @Test func noFaultOfTheSystemEndsAServer() async throws {
            try await withThrowingTaskGroup { group in
                for fault in Self.faults { group.addTask { try await survive(fault) } }
                try await group.waitForAll()
            }
        }

        /// A server under this fault and a mixed load, and clients that come later.
        private func survive(_ fault: Fault) async throws {
            let server = try await RunningServer(
                [],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: [Self.variable: fault.name]
            )
            // Longer than it takes a clock to jump.
            let pace = ["--connections", "60", "--rate", "10"]
            let echoing = try LoadGenerator.start(
                server.address,
                pace + ["--message-bytes", "20KiB", "--streams", "4"]
            )
            let vanishing = try LoadGenerator.start(server.address, pace + ["--mode", "abandon", "--hold", "500ms"])
            let echoed = try await echoing.ending().report.outcomes.completed
            let vanished = try await vanishing.ending().report.outcomes.abandoned
            #expect(fault.isHarmless ? echoed + vanished == 120 : echoed + vanished > 0, "\(fault.name)")
            let later = try await LoadGenerator.run(server.address, "--connections", "10").report.outcomes.completed
            #expect(fault.cause == nil ? later == 10 : later > 0, "\(fault.name): \(later) clients later")
            if let cause = fault.cause { #expect(try await server.statistics().closedByCause[cause] ?? 0 > 0) }
            let ending = try await server.stop()
            #expect(ending.status == 0, "\(fault.name): \(ending.errors)")
            #expect(ending.errors.contains("injected: ") == fault.isAnnounced, "\(fault.name): \(ending.errors)")
            expectNothingIsLeft(ending.output)
        }

        /// RFC 9000 §10.2: an endpoint sends CONNECTION_CLOSE to terminate the connection immediately. It has its memory set aside.
        @Test func aClientIsToldWhenThereIsNoMemoryForIt() async throws {
            let server = try await RunningServer(
                ["--alpn", "h3"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                // Less often than once in a handshake, and more often than once in a download.
                environment: [Self.variable: "allocation=1/45"]
            )
            for _ in 0..<10 {
                let ending = try await RunningProgram.run(
                    Programs.debianClient,
                    ["--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump"] + server.hostAndPort
                        + ["https://localhost/100000"],
                    seconds: 20
                )
                let log = ending.output + ending.errors
                #expect(log.contains(/frm rx \d+ \w+ CONNECTION_CLOSE\(0x1c\) error_code=INTERNAL_ERROR/))
            }
            #expect(try await server.statistics().closedByCause["out_of_memory"] == 10)
            #expect(try await server.stop().status == 0)
        }

        @Test func aServerWithoutRoomForItsSocketSaysSo() async throws {
            let ending = try await RunningProgram.run(
                Programs.negativeServer,
                ["--listen", "127.0.0.1:0"],
                environment: [Self.variable: "epoll=full"],
                seconds: 20
            )
            #expect(ending.status == 1)
            #expect(ending.output.isEmpty)
            #expect(ending.errors.contains("cannot watch the UDP socket at 127.0.0.1:"))
            #expect(ending.errors.contains("No space left on device"))
        }

        @Test(arguments: [("epoll", "wait for events"), ("send", "send from"), ("receive", "receive at")])
        func aWorkerThatCannotGoOnEndsTheServerInOrderAndSaysWhy(call: String, attempt: String) async throws {
            let server = try await RunningServer(
                ["--workers", "2"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: [Self.variable: "\(call)=EBADF/50"]
            )
            let run = try await LoadGenerator.run(server.address, "--connections", "50", "--echo-timeout", "2s")
            #expect(run.report.outcomes.completed < 50)
            let ending = try await server.stop()
            #expect(ending.status == 1, "\(ending.errors)")
            #expect(ending.errors.contains("cannot \(attempt)"), "\(ending.errors)")
            #expect(ending.errors.contains(": Bad file descriptor"))
        }

        @Test(arguments: [
            "allocations=1/500", "allocation=1/1", "allocation=500", "send=EPIPE/20", "send=EAGAIN",
            "receive=short,",
            "clock=5", "clock=+0", "epoll=EINTR/0",
        ])
        func aFaultThatThereIsNotExitsWith64AndNamesThoseThereAre(text: String) async throws {
            let ending = try await RunningProgram.run(
                Programs.negativeServer,
                ["--listen", "127.0.0.1:0"],
                environment: [Self.variable: text],
                seconds: 20
            )
            #expect(ending.status == 64)
            #expect(ending.errors.contains("QUICHARNESS_FAULT \(text) is no list of faults: use allocation=1/N,"))
        }

        @Test func theServerAsItIsShippedKnowsNoFault() async throws {
            try await withServer(environment: [Self.variable: "epoll=full"]) { server in
                let run = try await LoadGenerator.run(server, "--connections", "5")
                #expect(run.status == 0, "\(run.errors)")
            }
        }

        // FlyingFox gives up when it cannot accept a connection; that ended the whole server once.
        @Test func clientsAreServedWhileTheAdminPortHasNoDescriptorLeft() async throws {
            try await withServer { server in
                let processID = try server.processID
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count
                let limit = ["--pid", "\(processID)", "--nofile=\(open + 4)"]
                #expect(try await RunningProgram.run(Programs.prlimit, limit).status == 0)
                let admin = server.admin.dropFirst("http://".count).split(separator: ":").map(String.init)
                let idle = try Peers.start("idle_connections.py", admin + ["40"])
                _ = try await idle.line(startingWith: "{")
                for _ in 0..<3 {
                    let run = try await LoadGenerator.run(server.address, "--connections", "50")
                    #expect(run.status == 0, "\(run.errors)")
                }
                idle.send(SIGTERM)
                _ = try await idle.ending()
                #expect(try await answer(of: server).connections.created == 150)
            }
        }

        /// What the server says of itself as soon as it says anything.
        private func answer(of server: RunningServer) async throws -> ServerSnapshot {
            for _ in 0..<200 {
                if let snapshot = try? await server.statistics() { return snapshot }
                try await Task.sleep(for: .milliseconds(50))
            }
            return try await server.statistics()
        }
    }
}

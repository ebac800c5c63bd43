import DatagramIO
import Datagrams
import Foundation
import LoadModel
import Synchronization
import Testing

extension RealProcesses {
    /// `path-relay` as other tests and the benchmarks use it: it really delays, drops and rebinds.
    @Suite struct RelayTests {
        /// Sends every datagram back, and remembers where each came from.
        private final class Echo: DatagramAnswering {
            let sources = Mutex<Set<SocketAddress>>([])

            override func receive(
                _ datagram: RawSpan,
                path: NetworkPath,
                at now: MonotonicInstant,
                into replies: TransmitBatch
            ) {
                sources.withLock { _ = $0.insert(path.remote) }
                if replies.isFull { replies.removeAll() }
                replies.append(copying: datagram, path: path, ecn: .capable1)
            }
        }

        /// A client that sends one datagram at a time.
        private final class Client {
            private var socket: UDPSocket
            private var loop: EventLoop
            private let path: NetworkPath
            private let outbox = TransmitBatch()
            private let inbox: ReceiveBatch

            init(of relay: RunningRelay) throws {
                socket = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
                loop = try EventLoop()
                try loop.add(socket, tag: 0)
                path = NetworkPath(local: socket.boundAddress, remote: try #require(SocketAddress(relay.address)))
                inbox = ReceiveBatch()
            }

            /// Sends `count` datagrams at once.
            func send(_ count: Int = 1) throws {
                for number in 0..<count {
                    let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1_200)
                    unsafe outbox.append(copying: bytes.span.bytes, path: path, ecn: .capable0)
                }
                #expect(try socket.send(outbox) == .drained)
            }

            /// The numbers of the `count` datagrams that arrive within `patience`, or as many as do, and their marks.
            func receive(_ count: Int = 1, within patience: Duration) throws -> [(number: UInt8, ecn: ECN)] {
                let deadline = MonotonicInstant.now().advanced(by: patience)
                var received: [(number: UInt8, ecn: ECN)] = []
                while received.count < count, MonotonicInstant.now() < deadline {
                    _ = try loop.wait(until: deadline, now: .now())
                    while try socket.receive(into: inbox) > 0 {
                        inbox.forEach { datagram, _, ecn in
                            #expect(datagram.byteCount == 1_200)
                            received.append((unsafe datagram.unsafeLoad(fromByteOffset: 0, as: UInt8.self), ecn))
                        }
                    }
                }
                return received
            }
        }

        private static let patience = Duration.seconds(10)

        @Test(arguments: [0, 20, 100])
        func anEchoTakesTheRoundTripAtLeast(_ milliseconds: Int) async throws {
            let target = try UDPResponder(Echo())
            let relay = try await RunningRelay(to: target.address, ["--round-trip", "\(milliseconds)ms"])
            let client = try Client(of: relay)
            for _ in 0..<5 {
                let start = ContinuousClock.now
                try client.send()
                #expect(try client.receive(within: Self.patience).count == 1)
                // Only as a lower bound: a busy machine may take any time.
                #expect(ContinuousClock.now - start >= .milliseconds(milliseconds))
            }
            let counts = try await relay.stop()
            for name in ["received", "delivered"] {
                #expect(counts["up " + name] == 5)
                #expect(counts["down " + name] == 5)
            }
            #expect(counts["up bytes"] == 6_000)
            #expect(counts["clients"] == 1)
            // Five round trips, each begun when the one before was over.
            #expect(try #require(counts["microseconds"]) >= 5_000 * milliseconds)
        }

        @Test func bytesOrderAndMarksStayAsTheyWere() async throws {
            let target = try UDPResponder(Echo())
            let relay = try await RunningRelay(to: target.address, ["--round-trip", "10ms", "--jitter", "5ms"])
            let client = try Client(of: relay)
            try client.send(64)
            let received = try client.receive(64, within: Self.patience)
            #expect(received.map(\.number) == (0..<64).map { UInt8($0) })
            #expect(received.allSatisfy { $0.ecn == .capable1 })
            _ = try await relay.stop(with: SIGINT)
        }

        /// The negative control of every test that sends through a relay: it is not passed by.
        @Test(arguments: ["up", "down", "both"])
        func anOutageDropsEverything(_ direction: String) async throws {
            let target = try UDPResponder(Echo())
            let options = ["--outage", "0s..1h", "--outage-direction", direction]
            let relay = try await RunningRelay(to: target.address, options)
            let client = try Client(of: relay)
            try client.send(20)
            #expect(try client.receive(within: .milliseconds(300)).isEmpty)
            let counts = try await relay.stop()
            #expect(counts["up received"] == 20)
            #expect(counts["up outage"] == (direction == "down" ? 0 : 20))
            #expect(counts["down outage"] == (direction == "down" ? 20 : 0))
            #expect(counts["down delivered"] == 0)
        }

        @Test func everyClientHasAPortOfItsOwnAndAnotherOneAfterRebinding() async throws {
            let echo = Echo()
            let target = try UDPResponder(echo)
            let relay = try await RunningRelay(to: target.address, ["--rebind-every", "50ms"])
            let (one, other) = (try Client(of: relay), try Client(of: relay))
            try one.send()
            #expect(try one.receive(within: Self.patience).count == 1)
            try other.send()
            #expect(try other.receive(within: Self.patience).count == 1)
            #expect(echo.sources.withLock(\.count) == 2)
            try await Task.sleep(for: .milliseconds(60))
            try one.send()
            #expect(try one.receive(within: Self.patience).count == 1)
            #expect(echo.sources.withLock(\.count) == 3)
            let counts = try await relay.stop()
            #expect(counts["clients"] == 2)
            // The other one may have been rebound as well, if the machine took that long.
            #expect(try #require(counts["rebound"]) >= 1)
        }

        @Test func itEndsByItselfWhenItsTimeIsUp() async throws {
            let relay = try await RunningRelay(to: "127.0.0.1:9", ["--duration", "100ms"])
            #expect(try await relay.ending()["up received"] == 0)
        }

        /// One in six did not, when the signals were not watched yet while it said where it listens.
        @Test(arguments: [SIGTERM, SIGINT])
        func itEndsWhenASignalComesRightAfterItsFirstLine(_ signal: Int32) async throws {
            for _ in 0..<10 {
                let relay = try await RunningRelay(to: "127.0.0.1:9", [])
                #expect(try await relay.stop(with: signal)["clients"] == 0)
            }
        }

        @Test func aServerThatIsNotThereHarmsNobody() async throws {
            let relay = try await RunningRelay(to: "127.0.0.1:\(try FreePort.udp())", [])
            let client = try Client(of: relay)
            for _ in 0..<5 {
                try client.send()
                #expect(try client.receive(within: .milliseconds(20)).isEmpty)
            }
            #expect(try await relay.stop()["up received"] == 5)
        }

        @Test func connectionsAreWholeOverABadPath() async throws {
            try await withServer { server in
                let options = [
                    "--round-trip", "20ms", "--jitter", "5ms", "--loss", "2%", "--reorder", "5%", "--rate", "200Mbit",
                ]
                let relay = try await RunningRelay(to: server.address, options)
                let load = ["--connections", "20", "--message-bytes", "100KiB", "--echo-timeout", "60s"]
                let run = try await LoadGenerator.start(relay.address, load + ["--dial-timeout", "60s"]).ending()
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.traffic.messages == 20)
                let counts = try await relay.stop()
                for name in ["up lost", "down lost", "up reordered", "down reordered"] {
                    #expect(try #require(counts[name]) > 0)
                }
            }
        }

        @Test(
            arguments: [
                ServerCommandTests.Refusal(naming: "--target"),
                .init("--target", "localhost:1", naming: "--target", "localhost:1", "127.0.0.1:4433"),
                .init("--target", "127.0.0.1:0", naming: "--target", "127.0.0.1:0", "from 1"),
                .init("--target", "127.0.0.1:9", "--listen", "9", naming: "--listen", "'9'", "127.0.0.1:4433"),
                .init("--target", "127.0.0.1:9", "--round-trip", "fast", naming: "--round-trip", "fast", "500ms"),
                .init("--target", "127.0.0.1:9", "--round-trip", "11s", naming: "--round-trip", "11s", "0s to 10s"),
                .init("--target", "127.0.0.1:9", "--jitter", "2s", naming: "--jitter", "2s", "0s to 1s"),
                .init("--target", "127.0.0.1:9", "--loss", "0.1", naming: "--loss", "0.1", "0.5%"),
                .init("--target", "127.0.0.1:9", "--loss", "101%", naming: "--loss", "101%", "0% to 100%"),
                .init("--target", "127.0.0.1:9", "--rate", "100", naming: "--rate", "100", "100Mbit"),
                .init("--target", "127.0.0.1:9", "--queue", "64KiB", naming: "--queue", "64KiB", "--rate"),
                .init("--target", "127.0.0.1:9", "--reorder-by", "2ms", naming: "--reorder-by", "2ms", "--reorder"),
                .init("--target", "127.0.0.1:9", "--outage", "2s..1s", naming: "--outage", "2s..1s", "FROM before TO"),
                .init(
                    "--target",
                    "127.0.0.1:9",
                    "--outage-direction",
                    "up",
                    naming: "--outage-direction",
                    "--outage 2s"
                ),
                .init("--target", "127.0.0.1:9", "--rebind-every", "1ms", naming: "--rebind-every", "1ms", "10ms"),
                .init("--target", "127.0.0.1:9", "--clients", "0", naming: "--clients", "0", "1 to 60000"),
                .init("--target", "127.0.0.1:9", "--memory", "1", naming: "--memory", "1MiB to 16GiB"),
                .init("--target", "127.0.0.1:9", "--duration", "0s", naming: "--duration", "0s", "1ms"),
                .init("--target", "127.0.0.1:9", "--frobnicate", naming: "--frobnicate"),
            ]
        )
        func wrongOptionsExitWith64AndNameTheValue(_ refusal: ServerCommandTests.Refusal) async throws {
            let ending = try await RunningProgram.run(Programs.pathRelay, refusal.options, seconds: 10)
            #expect(ending.status == 64)
            #expect(ending.output == "")
            for name in refusal.named { #expect(ending.errors.contains(name), "\(ending.errors)") }
        }
    }
}

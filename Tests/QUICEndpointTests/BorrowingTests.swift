import BoundedMemory
import CNgtcp2
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// Memory follows demand: windows and packets in flight grow with use, within what the process has, and come back.
@Suite struct BorrowingTests {
    private static let client = EchoTests.generousClient
    /// A path of 50 ms there and back.
    private static let longPath = SimulatedNetwork.Conditions(
        latency: .milliseconds(25),
        jitter: .zero,
        loss: 0,
        duplication: 0
    )

    private func pair(
        _ seed: UInt64,
        memoryBytes: Int = .max,
        conditions: SimulatedNetwork.Conditions = longPath,
        clientProtocol: String = "echo",
        _ change: (inout EndpointConfiguration) -> Void = { _ in }
    ) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.memoryBudget = MemoryBudget(bytesLimit: memoryBytes)
        change(&configuration)
        return try Pair(
            seed: seed,
            services: [EchoService(), HQInteropService()],
            clientProtocols: [clientProtocol],
            configuration: configuration,
            clientConfiguration: Self.client,
            conditions: conditions
        )
    }

    private func echo(_ bytes: Int, on pair: Pair, seed: UInt64) throws -> Duration {
        let connection = try #require(try pair.connectAndEstablish())
        let start = pair.now
        let stream = try pair.send(message(of: bytes, seed: seed), on: connection)
        pair.run(for: .seconds(120)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).isComplete)
        return start.duration(to: pair.now)
    }

    @Test func aStreamOverALongPathIsNotHeldBackByItsWindow() throws {
        let grown = try pair(41)
        let time = try echo(2 << 20, on: grown, seed: 41)
        let fixed = try pair(41) {
            $0.transport.streamWindow = .fixed(32 << 10)
            $0.transport.connectionWindow = .fixed(64 << 10)
        }
        let timeWithFixedWindows = try echo(2 << 20, on: fixed, seed: 41)
        // 32 KiB in two round trips are 0.33 MB/s.
        #expect(timeWithFixedWindows > .seconds(6), "\(timeWithFixedWindows)")
        #expect(time < .seconds(2), "\(time)")
        let report = try #require(grown.server.reports(at: grown.now).first)
        #expect(report.windowBytes > 256 << 10)
        #expect(report.peakBytes < 6 << 20)
    }

    @Test func windowsShrinkWhereMemoryIsShortThoughTheyAreInUse() throws {
        let budget = MemoryBudget(bytesLimit: 64 << 20)
        let pair = try pair(58) { $0.memoryBudget = budget }
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(message(of: 2 << 20, seed: 58), on: connection)
        let window = { pair.server.reports(at: pair.now).first?.windowBytes ?? 0 }
        pair.run(for: .seconds(5)) { window() > 256 << 10 }
        #expect(window() > 256 << 10)
        let other = OtherWorker(takingUpTo: 920, of: budget)
        pair.run(for: .seconds(2))
        #expect(pair.server.ledger.share.pressure == .shrinking)
        #expect(window() == 64 << 10)
        #expect(pair.server.statistics.committedBytes == 0)
        let isOver = pair.recorder.received(on: connection, stream).isComplete
        #expect(!isOver)
        pair.run(for: .seconds(60)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 2 << 20)
        other.release()
    }

    @Test func aQuietConnectionIsBackAtItsFloor() throws {
        let pair = try pair(42)
        _ = try echo(1 << 20, on: pair, seed: 42)
        #expect(try #require(pair.server.reports(at: pair.now).first).windowBytes > 64 << 10)
        pair.run(for: .seconds(10))
        let report = try #require(pair.server.reports(at: pair.now).first)
        #expect(report.windowBytes == 64 << 10)
        #expect(report.classBytes(.rings) == 0)
        // What the pools keep is held, and said.
        #expect(report.borrowedBytes <= report.retainedBytes)
    }

    @Test func whatWasPromisedIsTakenBackWithTheEndOfItsConnection() throws {
        let pair = try pair(57)
        _ = try echo(1 << 20, on: pair, seed: 57)
        #expect(pair.server.statistics.committedBytes > 0)
        pair.client.close(try #require(pair.client.nextLiveConnection()), at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func theWindowOfAStrictServerGrowsOnlyIntoWhatNobodyHolds() throws {
        let pair = try pair(43) {
            $0.transport.keepsWindowsWorth = true
            $0.memoryBudget = MemoryBudget(bytesLimit: 1 << 20, overcommitment: 1)
        }
        _ = try echo(1 << 20, on: pair, seed: 43)
        #expect(pair.server.ledger.totalUsage.peakBytes < 1 << 20)
        let window = try #require(pair.server.reports(at: pair.now).first).windowBytes
        #expect((64 << 10..<512 << 10).contains(window), "\(window)")
    }

    @Test(arguments: [0, 0.01, 0.05])
    func aDownloadIsHeldBackByMemoryAndNotKilled(loss: Double) throws {
        var conditions = Self.longPath
        conditions.loss = loss
        // The largest honest input: a client that lets the server send as fast as it can.
        let pair = try pair(44, memoryBytes: 1 << 20, conditions: conditions, clientProtocol: "hq-interop") {
            $0.transport.connectionBytesLimit = 320 << 10
        }
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(Array("GET /1500000\n".utf8), on: connection)
        pair.run(for: .seconds(240)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 1_500_000)
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        #expect(pair.server.ledger.totalUsage.peakBytes < (320 + 24) << 10)
    }

    /// Without anything to borrow, 68 KiB are kept for packets in flight: 456 bytes for each.
    @Test func noMoreIsInFlightThanTheConnectionWasGranted() throws {
        let most = try mostInFlight(downloading: 4_000_000) { $0.transport.connectionBytesLimit = 192 << 10 }
        #expect((140 * 1_472...153 * 1_472).contains(most), "\(most)")
    }

    /// Datagrams wait behind the same gate. Of a packet with nothing else ngtcp2 keeps 176 bytes, and half as much again in losses.
    @Test func noMoreDatagramsAreInFlightThanTheConnectionWasGranted() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.datagramFrameBytesLimit = 65_535
        configuration.transport.discoversPathMTU = false
        var clientConfiguration = configuration
        clientConfiguration.transport.connectionBytesLimit = 64 << 20
        // With room for the queue, and none to borrow for packets.
        configuration.transport.connectionBytesLimit = (192 + 64 + 10) << 10
        let pair = try Pair(
            seed: 58,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            conditions: .init(latency: .milliseconds(50), jitter: .zero, loss: 0, duplication: 0)
        )
        _ = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let handle = try #require(pair.server.reports(at: pair.now).first).handle
        let sender = try #require(pair.server.connection(handle))
        var most: UInt64 = 0
        for _ in 0..<3_000 {
            for _ in 0..<20 { try sender.sendDatagram([UInt8](repeating: 1, count: 1_100)) }
            pair.run(for: .milliseconds(1))
            most = max(most, sender.pathState.inFlightBytes)
        }
        #expect(sender.pathState.congestionWindowBytes > 400_000)
        #expect((255 * 1_136...275 * 1_136).contains(most), "\(most)")
        #expect(pair.serverCloses.isEmpty)
    }

    /// The same for 8 KiB, which every connection has.
    @Test func noMoreIsInFlightThanTheProcessHasMemoryFor() throws {
        let budget = MemoryBudget(bytesLimit: 64 << 20)
        let other = OtherWorker(takingUpTo: 870, of: budget)
        let most = try mostInFlight(downloading: 400_000) { $0.memoryBudget = budget }
        #expect((17 * 1_472...18 * 1_472).contains(most), "\(most)")
        other.release()
    }

    /// The most bytes that are in flight at once during a download over a path without losses.
    private func mostInFlight(
        downloading bytes: Int,
        _ change: (inout EndpointConfiguration) -> Void
    ) throws -> Int {
        let pair = try pair(59, clientProtocol: "hq-interop", change)
        let connection = try #require(try pair.connectAndEstablish())
        let handle = try #require(pair.server.reports(at: pair.now).first).handle
        let sender = try #require(pair.server.connection(handle))
        var most: UInt64 = 0
        pair.network.admits = { _ in
            most = max(most, sender.pathState.inFlightBytes)
            return true
        }
        let stream = try pair.send(Array("GET /\(bytes)\n".utf8), on: connection)
        pair.run(for: .seconds(60)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes.count == bytes)
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        return Int(most)
    }

    /// Where CONNECTION_CLOSE is short, ngtcp2 1.11 pads its packet and takes a record for it: a block, if no packet left one.
    @Test func theCloseOfAConnectionThatMayTakeNothingMoreIsToldToThePeer() throws {
        for count in UInt64(0)..<32 {
            let pair = try pair(60, conditions: .init())
            let client = try #require(try HostileClient(pair: pair))
            // An echo that is not acknowledged, and with it a record.
            for offset in 0..<count {
                client.send(Frame.stream(4, offset: offset, [1]))
                pair.run(for: .milliseconds(1))
            }
            let handle = try #require(pair.server.reports(at: pair.now).first).handle
            try #require(pair.server.connection(handle)).account.bytesLimit = 0
            pair.server.close(handle, at: pair.now)
            pair.run(for: .milliseconds(20))
            // RFC 9000 §19.19: CONNECTION_CLOSE of type 0x1d, with an error code of the application.
            #expect(client.heard.contains { $0.payload.starts(with: [0x1d, 0x00]) }, "\(count) packets in flight")
        }
    }

    @Test func anEndByTheLimitIsToldToThePeer() throws {
        for seed in UInt64(0)..<50 {
            let pair = try pair(seed, conditions: .init())
            let client = try #require(try HostileClient(pair: pair))
            // The honest client had the first one.
            client.send((1..<16).flatMap { Frame.stream(4 * $0, [1]) })
            pair.run(for: .milliseconds(20))
            let gaps = (1..<16).flatMap { Frame.stream(4 * $0, offset: 2, [1]) }
            let connection = try #require(pair.server.reports(at: pair.now).first)
            let account = try #require(pair.server.connection(connection.handle)).account
            account.bytesLimit = account.liveBytes(of: .transport) + 20_000
            client.send(gaps)
            pair.run(for: .milliseconds(20))
            #expect(pair.serverCloses == [.budgetExceeded(.connection)])
            #expect(pair.server.statistics.connections.closing == 1, "seed \(seed): a record that repeats the packet")
            // RFC 9000 §19.19: CONNECTION_CLOSE of type 0x1c, with INTERNAL_ERROR.
            #expect(client.heard.contains { $0.payload.starts(with: [0x1c, 0x01]) }, "seed \(seed)")
        }
    }

    @Test func datagramsOfBorrowersAreShedNearTheLimitAndOthersAreServed() throws {
        try expectWholeEcho { pair in
            pair.run(for: .seconds(2))
            let another = try pair.connectAndEstablish()
            #expect(another == nil)
            #expect(pair.server.statistics.admissions["refuse_memory"] == 1)
        }
    }

    /// The peer's probes come ever more rarely. RFC 9002 §6.2.1.
    @Test func aConnectionIsNotEndedForWantOfDatagramsThatWereShed() throws {
        try expectWholeEcho { pair in
            // Others make the server look for borrowers without progress all the time.
            for _ in 0..<200 {
                pair.run(for: .milliseconds(100))
                pair.server.expire(at: pair.now)
            }
        }
    }

    /// An echo for which there is no memory while `wait` runs, since another worker has taken nearly everything, and which is whole later.
    private func expectWholeEcho(whileShedding wait: (Pair) throws -> Void) throws {
        let budget = MemoryBudget(bytesLimit: 2 << 20)
        let pair = try pair(45, conditions: .init()) { $0.memoryBudget = budget }
        let connection = try #require(try pair.connectAndEstablish())
        let other = OtherWorker(taking: (2 << 20) / 100 * 94, of: budget)
        pair.server.ledger.share.refresh()
        #expect(pair.server.ledger.share.pressure == .shedding)
        let sent = message(of: 40_000, seed: 45)
        let stream = try pair.send(sent, on: connection)
        try wait(pair)
        #expect((pair.server.statistics.drops[.memoryPressure] ?? 0) > 0)
        // It is over: the connection lives, and gets all of its echo.
        other.release()
        pair.run(for: .seconds(20)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == sent)
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
    }

    @Test func aBorrowerWithoutProgressHasEightDatagramsASecondLetThroughNearTheLimit() throws {
        let budget = MemoryBudget(bytesLimit: 4 << 20)
        let pair = try pair(62, conditions: .init()) { $0.memoryBudget = budget }
        let hoarder = try #require(try HostileClient(pair: pair))
        for number in UInt64(1)...8 { hoarder.send(Frame.stream(4 * number, offset: 2_000, [1])) }
        let other = OtherWorker(takingUpTo: 960, of: budget)
        // Bytes that came before are no progress.
        let large = Frame.stream(4, offset: 2_000, [UInt8](repeating: 1, count: 1_000))
        for _ in 0..<400 {
            hoarder.push(large)
            pair.run(for: .milliseconds(10))
        }
        // Of 400 in four seconds eight in each of the last three, and one in eight of the others.
        let dropped = try #require(pair.server.statistics.drops[.memoryPressure])
        #expect((320...332).contains(dropped), "\(dropped)")
        pair.run(for: .seconds(2))
        pair.server.expire(at: pair.now)
        #expect(pair.serverCloses == [.budgetExceeded(.process)])
        other.release()
    }

    /// As many small requests at once as there is memory for, where another worker holds more than may be borrowed.
    @Test func smallRequestsAreServedWhereOthersHaveUsedTheMemoryUp() throws {
        let memoryBytes = 16 << 20
        let budget = MemoryBudget(bytesLimit: memoryBytes)
        let pair = try pair(55) { $0.memoryBudget = budget }
        // 24 graces of 20 KiB are the 3 % up to where allocations are refused.
        let connections = try (0..<24).map { _ in try #require(try pair.connectAndEstablish()) }
        let other = OtherWorker(takingUpTo: 955, of: budget)
        for round in 0..<5 {
            let transfers = try connections.map {
                (connection: $0, stream: try pair.send(message(of: 8 << 10, seed: UInt64(round)), on: $0))
            }
            // A round trip takes 50 ms, and a message is less than the first window.
            pair.run(for: .seconds(5)) {
                transfers.allSatisfy { pair.recorder.received(on: $0.connection, $0.stream).isComplete }
            }
            let whole = transfers.filter { pair.recorder.received(on: $0.connection, $0.stream).isComplete }
            #expect(whole.count == connections.count, "round \(round)")
        }
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        #expect(budget.peakTakenBytes <= memoryBytes)
        other.release()
    }

    /// `MemoryPlan` admits as many connections as have their floor below the mark from which on nobody borrows more.
    @Test func aServerFullOfIdleConnectionsServesTheOthers() throws {
        let (whole, closes) = try echoAmongIdleConnections(percentOfFloors: MemoryBudget.growthPercent)
        #expect(whole == 8)
        #expect(closes.isEmpty, "\(closes)")
    }

    /// Negative control: with as many as the last mark allows, hardly anybody could do more than be there.
    @Test func moreIdleConnectionsWouldStarveTheOthers() throws {
        let (whole, closes) = try echoAmongIdleConnections(percentOfFloors: MemoryBudget.shedPercent)
        #expect(whole < 8)
        #expect(closes.contains(.budgetExceeded(.process)))
    }

    /// Fills a server with connections, and lets eight of them echo 64 KiB at once.
    ///
    /// - Returns: How many echoes were whole within a minute, and how connections ended.
    private func echoAmongIdleConnections(percentOfFloors: Int) throws -> (whole: Int, closes: [CloseCause]) {
        let memoryBytes = 4 << 20
        let pair = try pair(52, memoryBytes: memoryBytes)
        let count = memoryBytes / 100 * percentOfFloors / EndpointConfiguration().transport.floorBytes
        var connections: [Connection] = []
        for _ in 0..<count { connections.append(try #require(try pair.connectAndEstablish())) }
        let transfers = try connections.suffix(8).map {
            (connection: $0, stream: try pair.send(message(of: 64 << 10, seed: 52), on: $0))
        }
        pair.run(for: .seconds(60)) {
            transfers.allSatisfy { pair.recorder.received(on: $0.connection, $0.stream).isComplete }
        }
        #expect(pair.server.ledger.totalUsage.peakBytes <= memoryBytes)
        let whole = transfers.filter { pair.recorder.received(on: $0.connection, $0.stream).isComplete }
        return (whole.count, pair.serverCloses)
    }

    @Test func aBorrowerWithoutProgressMakesRoomWhenMemoryIsShort() throws {
        let budget = MemoryBudget(bytesLimit: 4 << 20)
        let pair = try pair(47, conditions: .init()) { $0.memoryBudget = budget }
        let hoarder = try #require(try HostileClient(pair: pair))
        let idle = try #require(try pair.connectAndEstablish())
        // One byte out of order on each stream: 10 KB each.
        for number in UInt64(1)...8 { hoarder.send(Frame.stream(4 * number, offset: 2_000, [1])) }
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses.isEmpty, "there is memory for all")
        let other = OtherWorker(takingUpTo: 960, of: budget)
        // A turn is when something arrives.
        _ = try pair.send([1], on: idle)
        pair.run(for: .seconds(1))
        #expect(pair.serverCloses == [.budgetExceeded(.process)])
        #expect(idle.state == .established, "it holds no more than its floor")
        other.release()
        #expect(try pair.connectAndEstablish() != nil)
    }

    /// With the last one goes the whole table, in the middle of the search for others.
    @Test func theLastConnectionMayBeABorrowerWithoutProgress() throws {
        let budget = MemoryBudget(bytesLimit: 4 << 20)
        let pair = try pair(61, conditions: .init()) {
            $0.memoryBudget = budget
            $0.closingLimit = 0
        }
        let hoarder = try #require(try HostileClient(pair: pair))
        // Leaves an empty place behind the hoarder's.
        pair.client.close(try #require(try pair.connectAndEstablish()), at: pair.now)
        for number in UInt64(1)...8 { hoarder.send(Frame.stream(4 * number, offset: 2_000, [1])) }
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == [.peerClose])
        let other = OtherWorker(takingUpTo: 960, of: budget)
        // A turn is when something arrives.
        hoarder.send(Frame.ping)
        pair.run(for: .seconds(1))
        #expect(pair.serverCloses == [.peerClose, .budgetExceeded(.process)])
        other.release()
        #expect(pair.server.statistics.tableBytes == 0)
        #expect(try pair.connectAndEstablish() != nil)
    }

    @Test func aConnectionWithinItsFloorIsLeftAloneHoweverLongItIsIdle() throws {
        let budget = MemoryBudget(bytesLimit: 4 << 20)
        let pair = try pair(56, conditions: .init()) { $0.memoryBudget = budget }
        let idle = try #require(try pair.connectAndEstablish())
        idle.keepAlive(every: .seconds(5))
        pair.client.touch(idle)
        pair.run(for: .seconds(30))
        let other = OtherWorker(takingUpTo: 960, of: budget)
        pair.run(for: .seconds(10))
        #expect(pair.server.ledger.share.pressure == .shedding)
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        other.release()
    }

    @Test func aBorrowerThatMakesProgressIsLeftAloneWhenMemoryIsShort() throws {
        let budget = MemoryBudget(bytesLimit: 4 << 20)
        var conditions = SimulatedNetwork.Conditions()
        conditions.latency = .milliseconds(25)
        let pair = try pair(48, conditions: conditions, clientProtocol: "hq-interop") { $0.memoryBudget = budget }
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(Array("GET /8000000\n".utf8), on: connection)
        pair.run(for: .milliseconds(500))
        let other = OtherWorker(takingUpTo: 960, of: budget)
        pair.run(for: .seconds(240)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 8_000_000)
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        other.release()
    }

    /// A download leaves pools behind, a quiet time its first window, and an upload in which each window waits behind a gap
    /// needs both.
    @Test func anUploadAfterADownloadAndAQuietTimeIsNotCutOff() throws {
        var conditions = Self.longPath
        let pair = try Pair(
            seed: 49,
            services: [FetchAndEchoService()],
            clientProtocols: ["echo"],
            clientConfiguration: Self.client,
            conditions: conditions
        )
        let connection = try #require(try pair.connectAndEstablish())
        let download = try pair.send(Array("GET /8000000\n".utf8), on: connection)
        pair.run(for: .seconds(60)) { pair.recorder.received(on: connection, download).isComplete }
        pair.run(for: .seconds(5))
        let report = try #require(pair.server.reports(at: pair.now).first)
        #expect(report.retainedBytes > 60_000, "the pools of packets in flight")
        #expect(report.windowBytes == 64 << 10)
        conditions.loss = 0.02
        pair.network.conditions = conditions
        let sent = message(of: 3 << 20, seed: 49)
        let upload = try pair.send(Array(sent.prefix(2 << 20)), on: connection)
        pair.run(for: .seconds(240)) { pair.recorder.received(on: connection, upload).isComplete }
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        #expect(pair.recorder.received(on: connection, upload).isComplete)
    }

    /// RFC 9002 §7.7: senders MUST either use pacing or limit such bursts. A window in one burst is acknowledged by one packet, and
    /// when that one is lost, nothing moves until a probe timeout.
    @Test(arguments: [UInt64(52), 53, 54])
    func onALossyPathAWindowDoesNotLeaveInOneBurst(seed: UInt64) throws {
        var conditions = SimulatedNetwork.Conditions()
        conditions.latency = .milliseconds(10)
        conditions.loss = 0.03
        let pair = try pair(seed, conditions: conditions, clientProtocol: "hq-interop")
        let connection = try #require(try pair.connectAndEstablish())
        let first = try pair.send(Array("GET /1000000\n".utf8), on: connection)
        pair.run(for: .seconds(60)) { pair.recorder.received(on: connection, first).isComplete }
        pair.run(for: .seconds(2))
        pair.network.conditions.loss = 0
        var bytesAtArrival: [MonotonicInstant: Int] = [:]
        pair.network.admits = { transit in
            let isFromServer = transit.path.local != Pair.serverAddress
            if isFromServer { bytesAtArrival[transit.arrival, default: 0] += transit.bytes.count }
            return true
        }
        // A window that was left of the losses, and not what it grows to without them.
        let second = try pair.send(Array("GET /30000\n".utf8), on: connection)
        pair.run(for: .seconds(60)) { pair.recorder.received(on: connection, second).isComplete }
        #expect(bytesAtArrival.values.reduce(0, +) > 30_000)
        let largest = try #require(bytesAtArrival.values.max())
        #expect(largest < 7_000, "\(largest) bytes at one moment")
    }

    /// A peer that sends as fast as it may, and acknowledges nothing, would fill the queue of its echo.
    @Test func theWindowOfAPeerThatAcknowledgesNothingDoesNotGrow() throws {
        let pair = try pair(50, conditions: .init())
        let client = try #require(try HostileClient(pair: pair))
        let bytes = [UInt8](repeating: 7, count: 1_024)
        var offset: UInt64 = 0
        for _ in 0..<100 {
            let limit = max(32 << 10, client.heard.compactMap { Self.streamCredit(in: $0.payload) }.max() ?? 0)
            for _ in 0..<16 where offset + 1_024 <= min(limit, 2 << 20) {
                client.push(Frame.stream(4, offset: offset, bytes))
                offset += 1_024
            }
            pair.run(for: .milliseconds(2))
        }
        #expect(offset >= 32 << 10)
        #expect(pair.serverCloses.isEmpty, "\(pair.serverCloses)")
        let report = try #require(pair.server.reports(at: pair.now).first)
        #expect(report.windowBytes <= 256 << 10, "\(report.windowBytes)")
        #expect(report.totalBytes < 256 << 10)
    }

    /// The limit in a MAX_STREAM_DATA frame for stream 4, in four bytes. RFC 9000 §19.10.
    private static func streamCredit(in payload: [UInt8]) -> UInt64? {
        guard payload.count >= 6 else { return nil }
        return (0...payload.count - 6).lazy
            .filter { payload[$0] == 0x11 && payload[$0 + 1] == 0x04 && payload[$0 + 2] & 0xc0 == 0x80 }
            .map { start in
                payload[start + 2..<start + 6].reduce(0) { $0 << 8 | UInt64($1) } & 0x3fff_ffff
            }
            .max()
    }

    /// Holding more, and being quiet, gives a connection no larger limit.
    @Test func aQuietTimeDoesNotRaiseTheLimitOfAHoarder() throws {
        let pair = try pair(51, conditions: .init())
        let client = try #require(try HostileClient(pair: pair))
        let echoed = [UInt8](repeating: 7, count: 1_024)
        for round in UInt64(0)..<4 where pair.serverCloses.isEmpty {
            for index in UInt64(0)..<8 { client.push(Frame.stream(4, offset: (8 * round + index) << 10, echoed)) }
            pair.run(for: .milliseconds(50))
            client.send(client.acknowledgement)
            // 1,500 gaps of 80 bytes each: 120 KB.
            for packet in UInt64(0)..<15 {
                let first = 1 + 200 * packet + 3_000 * round
                client.push((0..<100).flatMap { Frame.stream(8, offset: first + 2 * $0, [1]) })
                pair.run(for: .milliseconds(1))
            }
            pair.run(for: .seconds(5))
        }
        #expect(pair.serverCloses == [.budgetExceeded(.connection)])
    }

    // RFC 9000 §14.3; an idle or short connection sends no probe.
    @Test func largerPacketsAreTriedOnlyAfterSomeBytes() throws {
        let pair = try pair(46, clientProtocol: "hq-interop")
        let connection = try #require(try pair.connectAndEstablish())
        var largest = 0
        pair.network.admits = { transit in
            if transit.path.remote == Pair.serverAddress { largest = max(largest, transit.bytes.count) }
            return true
        }
        _ = try pair.send(Array("GET /40000\n".utf8), on: connection)
        pair.run(for: .seconds(5))
        #expect(largest == 1_200)
        let stream = try pair.send(Array("GET /400000\n".utf8), on: connection)
        pair.run(for: .seconds(20)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(largest == 1_472)
        #expect(pair.recorder.received(on: connection, stream).bytes.count == 400_000)
    }
}

extension ConnectionReport {
    fileprivate func classBytes(_ memoryClass: MemoryClass) -> Int { liveBytes[memoryClass] ?? 0 }
}

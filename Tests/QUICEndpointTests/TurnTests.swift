import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// A flood on one connection: what is handled at once, what waits, what is dropped.
@Suite struct TurnTests {
    private let limits = TransportConfiguration()

    private func flooded(seed: UInt64, packets: Int, payload: [UInt8] = Frame.ping) throws -> (Pair, HostileClient) {
        let pair = try Pair(seed: seed, services: [EchoService()])
        let client = try #require(try HostileClient(pair: pair))
        pair.server.expire(at: pair.now)
        for _ in 0..<packets { client.push(payload) }
        return (pair, client)
    }

    private func rings(_ pair: Pair) -> Int { pair.server.ledger.usage(of: .rings).liveBytes }

    @Test func aConnectionHandlesItsShareOfATurnAndTheRestWaits() throws {
        let (pair, _) = try flooded(seed: 1, packets: 40)
        #expect(rings(pair) > 0)
        #expect(pair.server.nextDeadline == pair.now)
        #expect(pair.server.statistics.drops[.queueFull] == nil)
        pair.server.expire(at: pair.now)
        #expect(rings(pair) == 0)
        #expect(try #require(pair.server.nextDeadline) > pair.now)
    }

    @Test func aFloodIsBoundedInSlotsAndDroppedBeyond() throws {
        let (pair, _) = try flooded(seed: 2, packets: 500)
        let dropped = 500 - limits.datagramsPerTurn - limits.waitingDatagrams
        #expect(pair.server.statistics.drops[.queueFull] == dropped)
        // 64 blocks of a short packet, 64 slots, and the queue itself.
        #expect(rings(pair) < 64 * 64 + 64 * 96 + 256)
        pair.server.expire(at: pair.now)
        #expect(rings(pair) > 0)
        pair.server.expire(at: pair.now)
        #expect(rings(pair) == 0)
        #expect(pair.server.statistics.connections.established == 1)
    }

    @Test func aFloodIsBoundedInBytesToo() throws {
        let payload = Frame.ping + [UInt8](repeating: 0, count: 1_300)
        let (pair, _) = try flooded(seed: 3, packets: 500, payload: payload)
        let kept = 500 - limits.datagramsPerTurn - (pair.server.statistics.drops[.queueFull] ?? 0)
        #expect(kept == limits.waitingDatagramBytes / 1_334)
        #expect(rings(pair) < limits.waitingDatagramBytes + 64 * 96 + 64 * 24)
    }

    @Test func aConnectionNearItsLimitKeepsNoDatagramsThatWouldPassIt() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.connectionBytesLimit = 31_000
        let pair = try Pair(seed: 4, services: [EchoService()], configuration: configuration)
        let client = try #require(try HostileClient(pair: pair))
        pair.server.expire(at: pair.now)
        for _ in 0..<500 { client.push(Frame.ping + [UInt8](repeating: 0, count: 1_200)) }
        let account = try #require(pair.server.reports(at: pair.now).first)
        let held = (account.liveBytes[.transport] ?? 0) + (account.liveBytes[.rings] ?? 0)
        #expect(held <= 31_000)
        #expect((pair.server.statistics.drops[.queueFull] ?? 0) > 500 - 32 - 64)
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.connections.established == 1, "\(pair.serverCloses)")
    }

    @Test func datagramsThatWaitKeepTheirOrder() throws {
        let pair = try Pair(seed: 5, services: [EchoService()])
        let client = try #require(try HostileClient(pair: pair))
        pair.server.expire(at: pair.now)
        for offset in 0..<90 { client.push(Frame.stream(0, offset: UInt64(offset), [UInt8(offset)])) }
        // In order nothing is reassembled, for which ngtcp2 would take a chunk of 8 KiB.
        let before = try #require(pair.server.reports(at: pair.now).first?.liveBytes[.transport])
        while let deadline = pair.server.nextDeadline, deadline <= pair.now { pair.server.expire(at: pair.now) }
        let after = try #require(pair.server.reports(at: pair.now).first?.liveBytes[.transport])
        #expect(after - before < 8_192)
        pair.run(for: .milliseconds(50))
        #expect(client.heard.contains { $0.payload.contains((0..<90).map { UInt8($0) }) })
    }

    @Test func roomComesBackWithEachDatagramThatIsHandled() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.datagramsPerTurn = 4
        let pair = try Pair(seed: 10, services: [EchoService()], configuration: configuration)
        let client = try #require(try HostileClient(pair: pair))
        let payload = Frame.ping + [UInt8](repeating: 0, count: 1_300)
        let waiting = limits.waitingDatagramBytes / 1_334
        pair.server.expire(at: pair.now)
        for _ in 0..<(4 + waiting) { client.push(payload) }
        #expect(pair.server.statistics.drops[.queueFull] == nil)
        for turn in 1...20 {
            client.push(payload)
            #expect(pair.server.statistics.drops[.queueFull] == turn)
            pair.server.expire(at: pair.now)
            // Four were handled. None is handled at once while others wait.
            for _ in 0..<4 { client.push(payload) }
            #expect(pair.server.statistics.drops[.queueFull] == turn)
        }
    }

    @Test func theOthersAreServedInTheSameTurn() throws {
        let pair = try Pair(seed: 6, services: [EchoService()])
        let first = try #require(try HostileClient(pair: pair))
        let second = try #require(try HostileClient(pair: pair))
        pair.server.expire(at: pair.now)
        for _ in 0..<200 { first.push(Frame.ping) }
        second.push(Frame.stream(0, [1, 2, 3], isFinal: true))
        let handles = pair.server.reports(at: pair.now).map(\.handle)
        let waiting = handles.map { pair.server.connection($0)?.hasWaitingDatagrams }
        #expect(waiting == [true, false])
        #expect(try #require(pair.server.reports(at: pair.now).last).streamCount == 1)
    }

    // RFC 9002 §7.7: senders SHOULD limit bursts. What one burst leaves of a batch is for the others.
    @Test func noConnectionFillsABatchWhileAnotherHasSomethingToSend() throws {
        let pair = try Pair(
            seed: 11,
            services: [HQInteropService()],
            clientProtocols: ["hq-interop"],
            clientConfiguration: EchoTests.generousClient,
            conditions: .init(latency: .milliseconds(1), jitter: .zero, loss: 0, duplication: 0)
        )
        let request = Array("GET /4000000\n".utf8)
        let connections = try (0..<2).map { _ in try #require(try pair.connectAndEstablish()) }
        // Their congestion windows are larger than a batch after that.
        for connection in connections {
            let stream = try pair.send(request, on: connection)
            pair.run(for: .seconds(60)) { pair.recorder.received(on: connection, stream).isComplete }
        }
        pair.run(for: .seconds(1))
        for connection in connections { _ = try pair.send(request, on: connection) }
        let batch = TransmitBatch()
        pair.client.transmit(into: batch, at: pair.now)
        for entry in batch.entries {
            batch.withBytes(of: entry) {
                pair.server.receive($0, path: entry.path.reversed, ecn: entry.ecn, at: pair.now)
            }
        }
        batch.removeAll()
        pair.server.transmit(into: batch, at: pair.now)
        #expect(batch.isFull)
        let sent = Dictionary(grouping: batch.entries, by: \.path.remote).values.map { $0.reduce(0) { $0 + $1.count } }
        #expect(sent.count == 2)
        #expect(sent.allSatisfy { $0 < (64 << 10) + TransmitBatch.datagramBytesLimit }, "\(sent)")
    }

    @Test func aConnectionThatEndsWhileItsDatagramsWaitReturnsThem() throws {
        let (pair, _) = try flooded(seed: 7, packets: 100)
        #expect(rings(pair) > 0)
        pair.server.close(try #require(pair.server.reports(at: pair.now).first).handle, at: pair.now)
        #expect(rings(pair) == 0)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aShutdownReturnsThemToo() throws {
        let (pair, _) = try flooded(seed: 8, packets: 100)
        pair.server.shutDown()
        pair.run(for: .seconds(1))
        #expect(pair.server.isShutDown)
        expectEverythingReturned(pair)
    }

    @Test func withoutRoomForAnyTheyAreDropped() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.waitingDatagrams = 0
        let pair = try Pair(seed: 9, services: [EchoService()], configuration: configuration)
        let client = try #require(try HostileClient(pair: pair))
        pair.server.expire(at: pair.now)
        for _ in 0..<100 { client.push(Frame.ping) }
        #expect(pair.server.statistics.drops[.queueFull] == 100 - limits.datagramsPerTurn)
    }

    @Test func datagramsThereIsNoMemoryForAreDroppedAndTheConnectionLives() throws {
        let pair = try Pair(seed: 9, services: [EchoService()])
        let client = try #require(try HostileClient(pair: pair))
        pair.server.expire(at: pair.now)
        for _ in 0..<limits.datagramsPerTurn { client.push(Frame.ping) }
        for number in 1...20 {
            pair.server.ledger.failAllocation = .once(at: number)
            for _ in 0..<20 { client.push(Frame.ping) }
            pair.server.ledger.failAllocation = nil
            #expect(pair.server.statistics.drops[.queueFull] == number)
            // Twice the share of a turn at most: all of it is handled, and the next share is used up again.
            pair.server.expire(at: pair.now)
            #expect(rings(pair) == 0)
            for _ in 0..<(limits.datagramsPerTurn - 19) { client.push(Frame.ping) }
        }
        #expect(pair.server.statistics.connections.established == 1)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // Whatever part of a window that has grown arrives in one turn, and whatever is sent for the credit of that turn.
    @Test(arguments: [Duration.milliseconds(1), .milliseconds(20), .milliseconds(100)])
    func aBulkSenderThatKeepsToItsWindowLosesNothing(tick: Duration) throws {
        let pair = try Pair(
            seed: 12,
            services: [EchoService()],
            clientConfiguration: EchoTests.generousClient,
            conditions: .init(latency: .milliseconds(1), jitter: .zero, loss: 0, duplication: 0)
        )
        pair.tick = tick
        let connection = try #require(try pair.connectAndEstablish())
        for round in UInt64(0)..<6 {
            let stream = try pair.send(message(of: 1 << 20, seed: round), on: connection)
            pair.run(for: .seconds(200)) { pair.recorder.received(on: connection, stream).isComplete }
            #expect(pair.recorder.received(on: connection, stream).bytes.count == 1 << 20)
        }
        #expect(pair.server.statistics.drops[.queueFull] == nil)
    }
}

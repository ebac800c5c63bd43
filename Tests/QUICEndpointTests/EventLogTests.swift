import Datagrams
import EchoService
import QUICTesting
import QUICTransport
import Testing

@testable import QUICEndpoint

@Suite struct EventLogTests {
    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)

    private func event(_ number: Int) -> EndpointEvent {
        EndpointEvent(
            time: MonotonicInstant(nanoseconds: UInt64(number)),
            kind: .closed(.idleTimeout),
            connection: ConnectionHandle(index: 1, generation: UInt32(truncatingIfNeeded: number)),
            remote: Self.stranger,
            liveBytes: number,
            peakBytes: 2 * number,
            count: 1
        )
    }

    private func moment(_ milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
    }

    // MARK: The log

    @Test func aMillionEventsTakeNoMoreBytesThanTheFirst256() {
        #expect(MemoryLayout<EndpointEvent>.stride == 72)
        let log = EventLog(capacity: EventLog.capacityDefault)
        #expect(log.statistics == EventLogStatistics())
        for number in 0..<256 { log.append(event(number)) }
        let bytes = log.statistics.bytes
        #expect((256 * 72...256 * 72 + 64).contains(bytes))
        for number in 256..<1_000_000 {
            log.append(event(number))
            if number.isMultiple(of: 97), log.statistics.bytes != bytes {
                Issue.record("\(log.statistics) after \(number) events")
            }
        }
        #expect(log.statistics == EventLogStatistics(events: 256, dropped: 999_744, bytes: bytes))
        #expect(log.latest == (999_744..<1_000_000).map { event($0) })
    }

    @Test func aLogOfCapacity0KeepsNothing() throws {
        var configuration = EndpointConfiguration()
        configuration.eventLogCapacity = 0
        let pair = try Pair(seed: 1, services: [EchoService()], configuration: configuration)
        let connection = try #require(try pair.connectAndEstablish())
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(5))
        #expect(pair.server.statistics.connections.closed == 1)
        pair.server.eventLog.append(.handOverOverflow, from: Self.stranger, at: pair.now)
        #expect(pair.server.eventLog.latest.isEmpty)
        #expect(pair.server.eventLog.statistics == EventLogStatistics())
    }

    /// Anyone can cause a refusal with a datagram: a flood of them must not wash everything else away.
    @Test func repetitionsAreKeptOnceASecondForEachCauseWithTheirNumber() {
        let log = EventLog(capacity: 256)
        for millisecond in 0..<2_500 {
            log.append(.refused(.handshakes), from: Self.stranger, at: moment(UInt64(millisecond)))
            if millisecond.isMultiple(of: 2) {
                log.append(.handOverOverflow, from: Self.stranger, at: moment(UInt64(millisecond)))
            }
        }
        let refusals = log.latest.filter { $0.kind == .refused(.handshakes) }
        #expect(refusals.map(\.time) == [moment(0), moment(1_000), moment(2_000)])
        #expect(refusals.map(\.count) == [1, 1_000, 1_000])
        let overflows = log.latest.filter { $0.kind == .handOverOverflow }
        #expect(overflows.map(\.count) == [1, 500, 500])
        #expect(log.latest.count == 6)
    }

    @Test func everyRefusalIsThatOfItsDecision() {
        for refusal in EndpointEvent.Refusal.allCases { #expect(EndpointEvent.Refusal(refusal.decision) == refusal) }
        #expect(EndpointEvent.Refusal(.retry) == nil)
        #expect(EndpointEvent.Refusal(.accept(retriedFrom: nil)) == nil)
    }

    // MARK: What an endpoint logs

    private func kinds(_ pair: Pair) -> [EndpointEvent.Kind] {
        pair.server.eventLog.latest.map(\.kind)
    }

    @Test func theLifeOfAConnectionIsLogged() throws {
        let pair = try Pair(seed: 2, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        let remote = try #require(connection.path?.local)
        _ = try pair.send(message(of: 10_000, seed: 2), on: connection)
        pair.run(for: .seconds(1))
        let handle = try #require(pair.server.reports(at: pair.now).first?.handle)
        let peakBytes = try #require(pair.server.reports(at: pair.now).first?.peakBytes)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(5))
        let events = pair.server.eventLog.latest
        #expect(events.map(\.kind) == [.accepted, .established, .closed(.peerClose)])
        #expect(events.allSatisfy { $0.connection == handle && $0.remote == remote && $0.count == 1 })
        #expect(events.allSatisfy { $0.liveBytes > 10_000 && $0.liveBytes <= $0.peakBytes })
        #expect(events[2].peakBytes == peakBytes)
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.time < $1.time })
        // What the log holds is no connection's.
        expectEverythingReturned(pair)
        #expect(pair.server.eventLog.statistics.bytes > 0)
    }

    @Test func aConnectionThatAsksForTooMuchIsLoggedWithItsLimit() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeBytesLimit = 28_000
        let pair = try Pair(seed: 3, services: [EchoService()], configuration: configuration)
        _ = try pair.connect()
        pair.run(for: .seconds(1))
        let events = pair.server.eventLog.latest
        #expect(events.map(\.kind).suffix(2) == [.budgetExceeded(.handshake), .closed(.budgetExceeded(.handshake))])
        #expect(events.allSatisfy { $0.connection == events.first?.connection })
        #expect(pair.server.statistics.connections.budgetExceeded == [.handshake: events.count / 3])
    }

    @Test func refusalsAreLoggedAndRetriesAreNot() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.connections = 1
        configuration.admission.retryPolicy = .always
        let pair = try Pair(seed: 4, services: [EchoService()], configuration: configuration)
        _ = try #require(try pair.connectAndEstablish())
        for _ in 0..<3 { _ = try pair.connect() }
        pair.run(for: .milliseconds(100))
        #expect(pair.server.statistics.admissions["refuse_connections"] == 3)
        #expect(kinds(pair) == [.accepted, .established, .refused(.connections)])
        let refusal = try #require(pair.server.eventLog.latest.last)
        #expect(refusal.connection == nil)
        #expect(refusal.remote?.port == 10_002)
        #expect(refusal.liveBytes == 0)
    }

    @Test func aPacketThatItsWorkerDidNotTakeIsLogged() throws {
        var configuration = EndpointConfiguration()
        configuration.workerCount = 2
        let pair = try Pair(seed: 5, services: [EchoService()], configuration: configuration)
        for _ in 0..<3 { pair.inject([0x40, 1] + [UInt8](repeating: 0, count: 98), from: Self.stranger) }
        #expect(kinds(pair) == [.handOverOverflow])
        #expect(pair.server.eventLog.latest.first?.remote == Self.stranger)
        pair.server.onOtherWorker = { _, _, _, _ in true }
        pair.run(for: .seconds(2))
        pair.inject([0x40, 1] + [UInt8](repeating: 0, count: 98), from: Self.stranger)
        #expect(kinds(pair).count == 1)
    }

    @Test func everyEndOfManyLivesIsLoggedOnce() throws {
        let pair = try Pair(seed: 6, services: [EchoService()])
        for number in 0..<40 {
            let connection = try #require(try pair.connectAndEstablish())
            if number.isMultiple(of: 2) {
                pair.client.close(connection, at: pair.now)
            } else {
                pair.client.abandon(connection, at: pair.now)
            }
        }
        pair.run(for: .seconds(60))
        let events = pair.server.eventLog.latest
        let closed = events.filter { if case .closed = $0.kind { true } else { false } }
        #expect(Set(closed.compactMap(\.connection)).count == 40)
        #expect(closed.count == 40)
        #expect(events.count == 120)
        #expect(closed.map(\.kind).filter { $0 == .closed(.peerClose) }.count == 20)
    }
}

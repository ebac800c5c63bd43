import BoundedMemory
import Foundation
import Metrics
import MetricsTestKit
import QUICMetrics
import QUICServer
import QUICTesting
import QUICTransport
import Testing

@testable import QUICEndpoint
@testable import QUICServer

/// The statistics of a server as metrics.
@Suite struct MetricsTests {
    private let factory = TestMetrics()

    private func meter(_ label: String, _ dimensions: [(String, String)] = []) throws -> Int? {
        try factory.expectMeter(label, dimensions).lastValue.map { Int($0) }
    }

    private func counter(_ label: String, _ dimensions: [(String, String)] = []) throws -> Int {
        Int(try factory.expectCounter(label, dimensions).totalValue)
    }

    @Test func aServerReportsWhatItHoldsAndWhatHappened() async throws {
        let metrics = ServerMetrics(factory: factory)
        let server = try Server.forTests(workers: 2)
        let isOpen = Shared(false)
        let mayClose = Shared(false)
        async let client: Void = onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 1)
            let connections = try (0..<3).map { _ in try client.connect() }
            try #require(try client.echo([UInt8](repeating: 1, count: 1_000), on: connections))
            isOpen.withLock { $0 = true }
            try #require(try client.serve { mayClose.withLock { $0 } })
            try client.close(connections)
        }
        while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }

        metrics.report(try await server.statistics())
        #expect(try meter("quic_connections", [("state", "established")]) == 3)
        #expect(try counter("quic_connections_created") == 3)
        #expect(try counter("quic_handshakes_completed") == 3)
        #expect(try counter("quic_admissions", [("decision", "accept")]) == 3)
        #expect(try counter("quic_bytes", [("direction", "received")]) > 3_000)
        #expect(try #require(try meter("quic_ledger_bytes", [("class", "transport")])) > 30_000)
        #expect(try meter("quic_memory_limit_bytes") == 1 << 30)

        mayClose.withLock { $0 = true }
        try await client
        let last = try await server.shutDown()
        #expect(last.hasReturned)
        // The second of two reports of the same statistics adds nothing.
        for _ in 0..<2 { metrics.report(last) }
        #expect(try meter("quic_connections", [("state", "established")]) == 0)
        #expect(try meter("quic_connection_ids") == 0)
        for held in MemoryClass.allCases { #expect(try meter("quic_ledger_bytes", [("class", held.rawValue)]) == 0) }
        #expect(try counter("quic_connections_created") == 3)
        let closed = factory.counterTotal(label: "quic_connections_closed")
        #expect(closed == 3)
        #expect(try counter("quic_datagrams", [("direction", "received")]) == last.endpoint.received.datagrams)
    }

    /// No client can have a further metric made, and none has the name of a client.
    @Test func allMetricsAreMadeAtOnce() async throws {
        let metrics = ServerMetrics(dimensions: [("server", "a")], factory: factory)
        let made = factory.counters.count + factory.meters.count
        #expect(made > 60 && made < 120)
        var statistics = ServerStatistics()
        statistics.endpoint.connections.closedByCause["invented"] = 1
        statistics.endpoint.admissions["invented"] = 1
        metrics.report(statistics)
        #expect(factory.counters.count + factory.meters.count == made)
        let dimensions = factory.counters.map(\.dimensions) + factory.meters.map(\.dimensions)
        #expect(dimensions.allSatisfy { $0.contains { $0 == ("server", "a") } && $0.count <= 2 })
        // Every cause, decision and reason that the server counts has a metric.
        #expect(factory.counters(label: "quic_connections_closed").count == CloseCause.labels.count)
        #expect(factory.counters(label: "quic_admissions").count == AdmissionDecision.labels.count)
        #expect(factory.counters(label: "quic_datagrams_dropped").count == DropReason.allCases.count)
    }

    /// The article names exactly the metrics that there are, in their kinds and with their dimensions.
    @Test func everyMetricIsDocumented() throws {
        let metrics = ServerMetrics(factory: factory)
        let article = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/QUICServer/QUICServer.docc/ServerInAProcess.md")
        let rows = try String(contentsOf: article, encoding: .utf8).matches(
            of: /\| `(?<name>quic_\w+)` \| (?<kind>\w+) \| (`(?<dimension>\w+)`)?/
        )
        let documented = rows.map { "\($0.output.name) \($0.output.kind) \($0.output.dimension ?? "")" }
        let made =
            factory.meters.map { "\($0.label) meter \($0.dimensions.first?.0 ?? "")" }
            + factory.counters.map { "\($0.label) counter \($0.dimensions.first?.0 ?? "")" }
        #expect(Set(documented) == Set(made))
        #expect(documented.count == Set(documented).count)
        withExtendedLifetime(metrics) {}
    }

    /// Frames of applications are counted beside the datagrams of UDP that carry packets. RFC 9221.
    @Test func datagramFramesAreCountedByWhatBecameOfThem() throws {
        let metrics = ServerMetrics(factory: factory)
        for factor in [1, 3] {
            var statistics = ServerStatistics()
            statistics.endpoint.datagramFrames.received = 7 * factor
            statistics.endpoint.datagramFrames.sent = 5 * factor
            statistics.endpoint.datagramFrames.dropped = 2 * factor
            metrics.report(statistics)
        }
        #expect(try counter("quic_datagram_frames", [("event", "received")]) == 21)
        #expect(try counter("quic_datagram_frames", [("event", "sent")]) == 15)
        #expect(try counter("quic_datagram_frames", [("event", "dropped")]) == 6)
        #expect(try counter("quic_datagrams", [("direction", "received")]) == 0)
    }

    /// A counter never goes back, and loses nothing to a server that began again.
    @Test func totalsOfAServerThatBeganAgainCountAsAWhole() throws {
        let metrics = ServerMetrics(factory: factory)
        for total in [5, 7, 2] {
            var statistics = ServerStatistics()
            statistics.endpoint.connections.created = total
            metrics.report(statistics)
        }
        #expect(try factory.expectCounter("quic_connections_created").values == [5, 2, 2])
    }

    @Test func reportingGoesOnUntilItIsCancelledAndReportsOnceMore() async throws {
        let server = try Server.forTests()
        let metrics = ServerMetrics(factory: factory)
        let reporting = Task { await metrics.report(server, every: .zero) }
        let limit = try factory.expectMeter("quic_memory_limit_bytes")
        while limit.values.count < 3 { try await Task.sleep(for: .milliseconds(10)) }
        // The last report is about the end, however long the interval is.
        let last = try await server.shutDown()
        reporting.cancel()
        await reporting.value
        #expect(last.hasReturned)
        #expect(try meter("quic_connections", [("state", "established")]) == 0)
        let count = limit.values.count
        try await Task.sleep(for: .milliseconds(300))
        #expect(limit.values.count == count)
    }
}

internal import BoundedMemory
internal import Datagrams
internal import QUICEndpoint
internal import QUICTransport

/// What has to hold while lives go on, and when none is left.
extension LifeSimulation {
    /// What GnuTLS may hold during a handshake: it is counted, and cannot be refused.
    package static let handshakeTLSBytesLimit = 40 << 10
    /// Keys: two directions, and up to three generations.
    private static let establishedTLSBytesLimit = 10 << 10
    /// The connection's own object, and its IDs in tables that may be an eighth full.
    private static let connectionTableBytesLimit = 4 << 10
    /// A slot of the largest population has 24 bytes, in a table that may be half empty and half as large again while it
    /// grows. The index of deadlines reaches to four times the highest slot in use, with four bytes for each, and half as
    /// much again while it shrinks.
    private static let slotBytesLimit = 24 * 3 + 24
    /// The record with its IDs and a packet.
    package static let closingRecordBytesLimit = 4 << 10
    /// The smallest tables.
    private static let emptyTableBytesLimit = 4_096
    private static let connectionIDsLimit = 10
    /// Beyond its own deadline: the idle timeout starts again with the first packet sent after one was received, be it a
    /// probe. RFC 9000 §10.1.
    private static let deadlineSlack = Duration.seconds(2)
    /// A CONNECTION_CLOSE takes at most 50 ms here.
    private static let deliveryLimit = Duration.milliseconds(50)

    /// Checks what the server holds against how many connections it has. Every connection has settled.
    func checkBounds() {
        let statistics = server.statistics
        let counts = statistics.connections
        let records = counts.closing + counts.draining
        mostLive = max(mostLive, counts.live)
        expect(counts.created - counts.closed == counts.live, "created - closed is not live: \(counts)")
        expect(
            statistics.deadlines == counts.live + records,
            "\(statistics.deadlines) deadlines for \(counts.live) connections and \(records) records"
        )
        expect(
            statistics.connectionIDs <= Self.connectionIDsLimit * (counts.live + records),
            "\(statistics.connectionIDs) connection IDs for \(counts.live) connections and \(records) records"
        )
        checkClasses(statistics)
        checkBytes(statistics)
        checkRecords(statistics, records)
    }

    /// Checks that nothing is left, on either side or on the way.
    func checkEverythingReturned() {
        let statistics = server.statistics
        let counts = statistics.connections
        expect(statistics.hasReturned, "not everything was returned")
        let records = counts.closing + counts.draining
        expect(counts.live == 0 && records == 0, "\(counts.live) connections and \(records) records are left")
        expect(statistics.connectionIDs == 0, "\(statistics.connectionIDs) connection IDs are left")
        expect(statistics.deadlines == 0, "\(statistics.deadlines) deadlines are left")
        expect(statistics.tableBytes == 0, "tables keep \(statistics.tableBytes) bytes")
        for memoryClass in MemoryClass.allCases {
            let usage = statistics.ledger[memoryClass] ?? MemoryUsage()
            expect(
                usage.isEmpty,
                "the class \(memoryClass.rawValue) keeps \(usage.liveBytes) bytes in \(usage.liveBlocks) blocks"
            )
        }
        checkClasses(statistics)
        expect(counts.created == acceptedCount, "\(counts.created) connections for \(acceptedCount) clients")
        expect(counts.closedByCause.values.reduce(0, +) == counts.closed, "the causes do not add up: \(counts)")
        let closed = counts.closed - closedBefore
        expect(closedHandles.count == closed, "onClose was called for \(closedHandles.count) of \(closed) connections")
        closedBefore = counts.closed
        expect(client.ledger.isEmpty, "clients keep \(client.ledger.totalUsage)")
        expect(client.deadlineCount == 0 && client.connectionIDCount == 0, "clients keep deadlines or IDs")
        expect(network.inTransitCount == 0, "\(network.inTransitCount) datagrams are under way")
        expect(unfinishedCount == 0, "\(unfinishedCount) lives are not over")
    }

    /// Checks how long the server held what it held for a client that has vanished.
    func checkHolding(_ life: Life) {
        guard let vanishedAt = life.vanishedAt, let end = life.serverEnd else { return }
        let holding = vanishedAt.duration(to: end.time)
        let limit = holdingLimit(life.plan)
        expect(holding <= limit, "the server held a connection for \(holding) instead of \(limit): \(life.plan)")
    }

    private func holdingLimit(_ plan: LifePlan) -> Duration {
        let isHeard = plan.manner == .closeDelivered
        return switch plan.point {
        case .inClosing: .zero
        // ngtcp2 leaves the token of a Retry out of a client's CONNECTION_CLOSE, and ignores an Initial packet without it.
        case .afterInitial, .halfClientHello:
            isHeard && settings.retryPolicy == .never ? Self.deliveryLimit : settings.handshakeTimeout
        case .afterServersFlight: isHeard ? Self.deliveryLimit : settings.handshakeTimeout
        default: isHeard ? Self.deliveryLimit : settings.idleTimeout + Self.deadlineSlack
        }
    }

    private func checkBytes(_ statistics: EndpointStatistics) {
        let counts = statistics.connections
        let limits = TransportConfiguration()
        func check(_ classes: [MemoryClass], handshaking: Int, established: Int, record: Int = 0, least: Int = 0) {
            let bytes = classes.reduce(0) { $0 + (statistics.ledger[$1]?.liveBytes ?? 0) }
            let limit =
                counts.handshaking * handshaking + counts.established * established
                + (counts.closing + counts.draining) * record + least
            expect(bytes <= limit, "\(classes.map(\.rawValue)) hold \(bytes) bytes and may hold \(limit): \(counts)")
        }
        check(
            [.transport, .rings],
            handshaking: limits.handshakeBytesLimit,
            established: TransportConfiguration.bytesLimit(
                ofWindow: limits.connectionWindow.initialBytes,
                borrowed: 0
            )
        )
        check([.tls], handshaking: Self.handshakeTLSBytesLimit, established: Self.establishedTLSBytesLimit)
        check(
            [.table],
            handshaking: Self.connectionTableBytesLimit,
            established: Self.connectionTableBytesLimit,
            record: Self.connectionTableBytesLimit,
            least: Self.emptyTableBytesLimit + slotCount * Self.slotBytesLimit
        )
    }

    private func checkClasses(_ statistics: EndpointStatistics) {
        let bytes = statistics.ledger.values.reduce(0) { $0 + $1.liveBytes }
        let blocks = statistics.ledger.values.reduce(0) { $0 + $1.liveBlocks }
        let total = statistics.ledgerTotal
        expect(bytes == total.liveBytes, "the classes hold \(bytes) bytes, all together \(total.liveBytes)")
        expect(blocks == total.liveBlocks, "the classes hold \(blocks) blocks, all together \(total.liveBlocks)")
    }

    private func checkRecords(_ statistics: EndpointStatistics, _ records: Int) {
        let usage = statistics.ledger[.closing] ?? MemoryUsage()
        let counts = statistics.connections
        // The record and its IDs, and for a closing connection its packet.
        let blocks = 3 * counts.closing + 2 * counts.draining
        expect(usage.liveBlocks == blocks, "\(usage.liveBlocks) blocks for \(records) closing records")
        let limit = records * Self.closingRecordBytesLimit
        expect(usage.liveBytes <= limit, "\(usage.liveBytes) bytes for \(records) closing records")
    }

    private func expect(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds { note(sentence()) }
    }
}

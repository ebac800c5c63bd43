import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Each cause of an end: told of once, counted under its name, and with nothing left on either side.
@Suite struct CloseCauseTests {
    /// What the close callback was told.
    private struct Close: Equatable {
        let cause: CloseCause
        let holdsNothing: Bool
    }

    @Test func everyCauseHasATest() {
        #expect(Set(Ending.all.map(\.cause.label)) == Set(CloseCause.labels))
        #expect(Set(CloseCause.labels).count == CloseCause.labels.count)
    }

    @Test func whatHasEndedCannotEndAgain() throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        for _ in 0..<2 {
            pair.client.abandon(connection, at: pair.now)
            pair.client.close(connection, at: pair.now)
            pair.server.close(ConnectionHandle(index: 0, generation: 1), at: pair.now)
        }
        pair.run(for: .seconds(60))
        #expect(pair.clientCloses == [.abandoned])
        #expect(pair.serverCloses == [.localClose])
        expectEverythingReturned(pair)
    }

    @Test(arguments: Ending.all, [UInt64(1), 2, 3])
    func everyCauseIsToldOfOnceAndLeavesNothing(ending: Ending, seed: UInt64) throws {
        let pair = try ending.makePair(seed: seed)
        var closes: [Close] = []
        let note = { (connection: Connection, cause: CloseCause) in
            let holdsNothing = connection.state == .closed && connection.account.isEmpty
            closes.append(Close(cause: cause, holdsNothing: holdsNothing))
        }
        switch ending.side {
        case .server: pair.server.onClose = note
        case .client: pair.client.onClose = note
        }
        try ending.bringAbout(pair)
        // Longer than any deadline here, so that both sides end.
        pair.run(for: .seconds(700))
        #expect(closes == [Close(cause: ending.cause, holdsNothing: true)])
        let counts = ending.side == .server ? pair.server.statistics.connections : pair.client.counts
        #expect(counts.created == 1)
        #expect(counts.closed == 1)
        #expect(counts.closedByCause == [ending.cause.label: 1])
        if case .budgetExceeded(let cap) = ending.cause { #expect(counts.budgetExceeded == [cap: 1]) }
        expectEverythingReturned(pair)
    }
}

import Datagrams
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Two of our own endpoints, both of which probe a peer that is heard and acknowledges nothing.
@Suite struct QuietTests {
    @Test(arguments: [Transfer.Kind.download, .echo], 1...5 as ClosedRange<UInt64>)
    func nothingIsSentWhenATransferIsOver(kind: Transfer.Kind, seed: UInt64) throws {
        let jitter = Duration.milliseconds(Int(seed) - 1)
        let pair = try Pair(
            seed: seed,
            services: [FetchAndEchoService()],
            clientService: TransferClient(),
            conditions: .init(jitter: jitter, loss: 0, duplication: 0)
        )
        let connection = try #require(try pair.connectAndEstablish())
        let transfer = try pair.begin(kind, bytes: 3_000_000, on: connection)
        pair.run(for: .seconds(60)) { transfer.hasEnded }
        #expect(transfer.isComplete, "\(transfer)")
        pair.run(for: .seconds(1))
        let before = pair.server.statistics
        pair.run(for: .seconds(20))
        let after = pair.server.statistics
        #expect(after.received.datagrams - before.received.datagrams == 0)
        #expect(after.transmitted.datagrams - before.transmitted.datagrams == 0)
        #expect(pair.serverCloses.isEmpty)
    }
}

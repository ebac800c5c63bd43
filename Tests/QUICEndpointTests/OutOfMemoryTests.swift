import BoundedMemory
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Every allocation of a connection's life that may be refused, refused.
@Suite struct OutOfMemoryTests {
    private enum Kind: CaseIterable {
        case once
        case from

        func failure(at number: Int) -> AllocationFailure {
            switch self {
            case .once: .once(at: number)
            case .from: .from(number)
            }
        }
    }

    @Test func noRefusedAllocationLeavesAnythingBehind() throws {
        let whole = try live(failing: nil)
        #expect(whole.serverCloses == [.peerClose])
        let allocations = whole.server.ledger.refusableAllocationCount
        #expect(allocations > 100)
        for kind in Kind.allCases {
            for number in 1...allocations {
                let pair = try live(failing: kind.failure(at: number))
                #expect(
                    !pair.serverCloses.contains(.transportError),
                    "allocation \(number): the client did nothing wrong"
                )
            }
        }
    }

    /// One connection's whole life: handshake, echoes on a bad network, a key update, a reset, and its close.
    @discardableResult
    private func live(failing failure: AllocationFailure?) throws -> Pair {
        let conditions = SimulatedNetwork.Conditions(jitter: .milliseconds(8), loss: 0.03, duplication: 0.1)
        let pair = try Pair(
            seed: 5,
            services: [EchoService()],
            clientConfiguration: EchoTests.generousClient,
            conditions: conditions
        )
        pair.server.ledger.failAllocation = failure
        let connection = try pair.connect()
        pair.run(for: .seconds(1))
        for round in 0..<8 where connection.state == .established {
            _ = try pair.send(message(of: 4_000 * round, seed: UInt64(round)), on: connection)
        }
        pair.run(for: .seconds(2))
        if connection.state == .established { try updateKeysAndReset(connection, of: pair) }
        if connection.state != .closed { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(120))
        expectEverythingReturned(pair)
        let counts = pair.server.statistics.connections
        #expect(counts.handshaking == 0 && counts.established == 0, "\(String(describing: failure)): \(counts)")
        return pair
    }

    private func updateKeysAndReset(_ connection: Connection, of pair: Pair) throws {
        try connection.updateKeys(at: pair.now)
        let stream = try connection.openStream()
        try stream.write(message(of: 9_000, seed: 2))
        pair.client.touch(connection)
        pair.run(for: .milliseconds(12))
        stream.reset(code: 1)
        pair.client.touch(connection)
        pair.run(for: .seconds(1))
    }
}

import BoundedMemory
import QUICTransport
import Testing

@testable import QUICEndpoint

/// No two connections of an endpoint answer to the same ID, whatever the random source says.
@Suite struct UniqueIDTests {
    /// A set in which the next `count` IDs of the source with this seed lead elsewhere.
    private func set(withTheNext count: Int, of seed: UInt64) -> (ConnectionSet, ConnectionIDSource) {
        let set = ConnectionSet(ledger: MemoryLedger())
        let source = ConnectionIDSource(workerIndex: 3, seed: seed)
        var copy = source
        for number in 0..<count {
            let handle = ConnectionHandle(index: UInt32(number), generation: 1)
            let isNew = set.routes.insert(copy.makeConnectionID(), for: handle)
            #expect(isNew)
        }
        return (set, source)
    }

    // RFC 9000 §5.1: "connection IDs … MUST NOT be issued more than once".
    @Test(arguments: 0..<8)
    func anIDThatIsTakenIsDrawnAgain(collisions: Int) {
        var (set, source) = set(withTheNext: collisions, of: 1)
        var copy = source
        for _ in 0..<collisions { _ = copy.makeConnectionID() }
        #expect(set.unusedID(from: &source) == copy.makeConnectionID())
    }

    /// The kernel, and the other workers, find a connection's worker by it.
    @Test(arguments: [UInt8(0), 1, 7, 255])
    func anIDBeginsWithTheIndexOfItsWorker(worker: UInt8) {
        var source = ConnectionIDSource(workerIndex: worker, seed: 2)
        for _ in 0..<100 {
            let id = source.makeConnectionID()
            #expect(id[0] == worker, "packets to it would reach another worker")
            #expect(id.count == TransportConfiguration.connectionIDLength)
        }
    }

    @Test func aSourceThatOnlyRepeatsItselfEndsTheSearch() {
        var (set, source) = set(withTheNext: 8, of: 1)
        #expect(set.routes.route(to: set.unusedID(from: &source)) != nil)
    }
}

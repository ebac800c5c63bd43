import BoundedMemory
import QUICTransport
import Testing

@testable import QUICEndpoint

/// No two connections of an endpoint answer to the same ID, whatever the random source says.
@Suite struct UniqueIDTests {
    /// Routes in which the next `count` IDs of `source` lead somewhere.
    private func routes(ofTheNext count: Int, of source: ConnectionIDSource) -> ConnectionRoutes {
        var routes = ConnectionRoutes(ledger: MemoryLedger())
        var copy = source
        for number in 0..<count {
            let handle = ConnectionHandle(index: UInt32(number), generation: 1)
            let isNew = routes.insert([copy.makeConnectionID()], for: handle)
            #expect(isNew)
        }
        return routes
    }

    // RFC 9000 §5.1: "connection IDs … MUST NOT be issued more than once".
    @Test(arguments: 0..<8)
    func anIDThatIsTakenIsDrawnAgain(collisions: Int) {
        var source = ConnectionIDSource(workerIndex: 3, seed: 1)
        let routes = routes(ofTheNext: collisions, of: source)
        var copy = source
        for _ in 0..<collisions { _ = copy.makeConnectionID() }
        let id = routes.unusedID(from: &source)
        #expect(id == copy.makeConnectionID())
    }

    @Test func idsLeadToAConnectionTogetherOrNotAtAll() {
        var source = ConnectionIDSource(workerIndex: 3, seed: 3)
        let (first, taken, last) = (source.makeConnectionID(), source.makeConnectionID(), source.makeConnectionID())
        let (owner, newcomer) = (ConnectionHandle(index: 0, generation: 1), ConnectionHandle(index: 1, generation: 1))
        var routes = ConnectionRoutes(ledger: MemoryLedger())
        let owns = routes.insert([taken], for: owner)
        let isRefused = !routes.insert([first, taken, last], for: newcomer)
        #expect(owns && isRefused)
        var count = routes.count
        let route = routes.route(to: taken)
        #expect(count == 1 && route == owner)
        let isIn = routes.insert([first, last], for: newcomer)
        #expect(isIn)
        routes.retire([first, taken, last], from: newcomer)
        count = routes.count
        #expect(count == 1, "the ID of another one stays")
        routes.retire(taken, from: owner)
        let bytes = routes.allocatedBytes
        #expect(bytes == 0)
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
        var source = ConnectionIDSource(workerIndex: 3, seed: 1)
        var routes = routes(ofTheNext: 8, of: source)
        let id = routes.unusedID(from: &source)
        let route = routes.route(to: id)
        #expect(route != nil)
    }
}

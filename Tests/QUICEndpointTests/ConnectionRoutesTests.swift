import BoundedMemory
import QUICTransport
import Testing

@testable import QUICEndpoint

/// Routes, of which the latest is remembered.
@Suite struct ConnectionRoutesTests {
    private let one = ConnectionHandle(index: 1, generation: 1)
    private let other = ConnectionHandle(index: 2, generation: 1)

    private func makeIDs(_ count: Int) -> [ConnectionID] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in .random(count: 12, using: &generator) }
    }

    /// RFC 9000 §5.1.2: a connection ID that was retired leads nowhere.
    @Test func anIDThatWasJustLookedUpCanBeRetired() {
        let ids = makeIDs(2)
        var routes = ConnectionRoutes(ledger: MemoryLedger())
        let isNew = routes.insert(ids, for: one)
        #expect(isNew)
        for id in ids {
            let found = routes.route(to: id)
            #expect(found == one)
            routes.retire(id, from: one)
            let left = routes.route(to: id)
            #expect(left == nil)
        }
        #expect(routes.count == 0)
    }

    @Test func anIDThatIsRoutedAgainLeadsToItsNewOwner() {
        let id = makeIDs(1)
        var routes = ConnectionRoutes(ledger: MemoryLedger())
        for owner in [one, other] {
            let before = routes.route(to: id[0])
            #expect(before == nil)
            let isNew = routes.insert(id, for: owner)
            let found = routes.route(to: id[0])
            #expect(isNew && found == owner)
            routes.retire(id, from: owner)
        }
    }

    @Test func eachIDLeadsToItsOwnConnection() {
        let ids = makeIDs(2)
        var routes = ConnectionRoutes(ledger: MemoryLedger())
        let areNew = [routes.insert(ids[0], for: one), routes.insert(ids[1], for: other)]
        #expect(areNew == [true, true])
        for _ in 0..<3 {
            let found = [routes.route(to: ids[0]), routes.route(to: ids[1]), routes.route(to: ids[1])]
            #expect(found == [one, other, other])
        }
    }
}

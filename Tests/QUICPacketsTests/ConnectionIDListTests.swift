import BoundedMemory
import SeededRandom
import Testing

@testable import QUICPackets

/// The changes of a list of IDs lead an endpoint that follows them to the same IDs.
@Suite struct ConnectionIDListTests {
    private let ledger = MemoryLedger()

    private func ids(_ count: Int) -> [ConnectionID] {
        var source = ConnectionIDSource(workerIndex: 0, seed: 5)
        return (0..<count).map { _ in source.makeConnectionID() }
    }

    private func changes(of list: inout ConnectionIDList) -> [ConnectionIDList.Change] {
        var changes: [ConnectionIDList.Change] = []
        while let change = list.takeChange(owner: ledger, chargedTo: .table) { changes.append(change) }
        return changes
    }

    @Test func anIDIsToldOfOnceWhenItComesAndOnceWhenItGoes() {
        let id = ids(1)[0]
        var list = ConnectionIDList()
        list.add(id, owner: ledger, chargedTo: .table)
        let (added, more) = (changes(of: &list), changes(of: &list))
        #expect(added == [.added(id)] && more == [])
        list.remove(id, owner: ledger, chargedTo: .table)
        let (removed, rest) = (changes(of: &list), changes(of: &list))
        #expect(removed == [.removed(id)] && rest == [])
        let bytes = list.allocatedBytes
        #expect(bytes == 0 && ledger.isEmpty)
    }

    @Test func anIDThatTheEndpointKnowsIsNoChange() {
        let id = ids(1)[0]
        var list = ConnectionIDList()
        list.append(id, owner: ledger, chargedTo: .table)
        let (hasChanges, none) = (list.hasChanges, changes(of: &list))
        #expect(!hasChanges && none == [])
        list.remove(id, owner: ledger, chargedTo: .table)
        let removed = changes(of: &list)
        #expect(removed == [.removed(id)])
    }

    @Test func anIDThatComesAndGoesIsNotToldOf() {
        let ids = ids(3)
        var list = ConnectionIDList()
        for id in ids { list.add(id, owner: ledger, chargedTo: .table) }
        list.remove(ids[1], owner: ledger, chargedTo: .table)
        let told = changes(of: &list)
        #expect(told.count == 2 && Set(told) == [.added(ids[0]), .added(ids[2])])
        list.removeAll(owner: ledger, chargedTo: .table)
        #expect(ledger.isEmpty)
    }

    /// Otherwise the endpoint, which knows it still when it is told that it is new, would forget it afterwards.
    @Test func anIDThatGoesAndComesBackIsKnownInTheEnd() {
        let id = ids(1)[0]
        var list = ConnectionIDList()
        list.append(id, owner: ledger, chargedTo: .table)
        list.remove(id, owner: ledger, chargedTo: .table)
        list.add(id, owner: ledger, chargedTo: .table)
        let told = changes(of: &list)
        #expect(told == [.removed(id), .added(id)])
        list.removeAll(owner: ledger, chargedTo: .table)
    }

    /// A datagram may bring dozens of new IDs, each of which retires those before it.
    @Test func anyNumberOfChangesTakesTheRoomOfAFew() {
        let ids = ids(10_000)
        var list = ConnectionIDList()
        list.append(ids[0], owner: ledger, chargedTo: .table)
        let bytes = list.allocatedBytes
        for (old, new) in zip(ids, ids.dropFirst()) {
            list.add(new, owner: ledger, chargedTo: .table)
            list.remove(old, owner: ledger, chargedTo: .table)
        }
        let (after, told) = (list.allocatedBytes, changes(of: &list))
        #expect(after == bytes)
        #expect(told == [.removed(ids[0]), .added(ids[9_999])])
        list.removeAll(owner: ledger, chargedTo: .table)
    }

    @Test func aCopyHasEveryIDAndNoChange() {
        let ids = ids(4)
        var list = ConnectionIDList()
        for id in ids[..<2] { list.append(id, owner: ledger, chargedTo: .table) }
        list.remove(ids[0], owner: ledger, chargedTo: .table)
        for id in ids[2...] { list.add(id, owner: ledger, chargedTo: .table) }
        var copy = ConnectionIDList(copying: list, owner: ledger, chargedTo: .closing)
        let hasChanges = copy.hasChanges
        let copied = Set((0..<copy.count).map { copy[$0] })
        #expect(!hasChanges && copied == Set(ids))
        list.removeAll(owner: ledger, chargedTo: .table)
        copy.removeAll(owner: ledger, chargedTo: .closing)
        #expect(ledger.isEmpty)
    }

    @Test(arguments: UInt64(0)..<20)
    func whoeverFollowsTheChangesHasTheIDsOfTheList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ids = ids(12)
        var list = ConnectionIDList()
        var used: Set<ConnectionID> = []
        var followed: Set<ConnectionID> = []
        for _ in 0..<2_000 {
            guard let id = ids.randomElement(using: &random) else { return }
            if used.contains(id) {
                list.remove(id, owner: ledger, chargedTo: .table)
                used.remove(id)
            } else {
                list.add(id, owner: ledger, chargedTo: .table)
                used.insert(id)
            }
            let (count, hasChanges) = (list.count, list.hasChanges)
            #expect(count <= used.count + followed.count)
            #expect(hasChanges == (used != followed || count != used.count))
            guard Bool.random(using: &random), Bool.random(using: &random) else { continue }
            for change in changes(of: &list) {
                switch change {
                case .added(let id):
                    let isNew = followed.insert(id).inserted
                    #expect(isNew)
                case .removed(let id):
                    let wasThere = followed.remove(id) != nil
                    #expect(wasThere)
                }
            }
            let left = Set((0..<list.count).map { list[$0] })
            #expect(followed == used && left == used)
        }
        list.removeAll(owner: ledger, chargedTo: .table)
        #expect(ledger.isEmpty)
    }
}

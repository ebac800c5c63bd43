import BoundedMemory
import QUICTesting
import QUICTransport
import Testing

@testable import QUICEndpoint

/// The ID an attacker would count up: only the last bytes change.
private func sequentialID(_ number: Int) -> ConnectionID {
    var bytes = [UInt8](repeating: 0, count: 8)
    for index in 0..<8 { bytes[7 - index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    return unsafe ConnectionID(bytes.span.bytes) ?? ConnectionID()
}

private func handle(_ index: Int, generation: UInt32 = 1) -> ConnectionHandle {
    ConnectionHandle(index: UInt32(index), generation: generation)
}

extension ConnectionIDMap {
    /// The IDs in the order of their slots.
    fileprivate func order() -> [ConnectionID] {
        var ids: [ConnectionID] = []
        forEach { id, _ in ids.append(id) }
        return ids
    }
}

@Suite struct ConnectionIDMapTests {
    @Test func startsWithNoMemoryAndEndsWithNone() {
        let ledger = MemoryLedger()
        var map = ConnectionIDMap(ledger: ledger)
        #expect(ledger.isEmpty)
        #expect(map.insert(sequentialID(1), for: handle(1)) == true)
        let (capacity, bytes) = (map.capacity, map.allocatedBytes)
        #expect(capacity == 16)
        #expect(bytes < 16 * 32 + 32)
        #expect(ledger.usage(of: .table).liveBytes == bytes)
        #expect(map.retire(sequentialID(1), from: handle(1)) == true)
        #expect(ledger.isEmpty)
    }

    @Test func whatRemainsIsFreedWithTheMap() {
        let ledger = MemoryLedger()
        do {
            var map = ConnectionIDMap(ledger: ledger)
            for number in 0..<1_000 { _ = map.insert(sequentialID(number), for: handle(number)) }
            #expect(!ledger.isEmpty)
        }
        #expect(ledger.isEmpty)
    }

    @Test func routesToTheOwnerAndOnlyUntilTheIDIsRetired() {
        var map = ConnectionIDMap()
        #expect(map.route(to: sequentialID(1)) == nil)
        #expect(map.insert(sequentialID(1), for: handle(7)) == true)
        #expect(map.insert(sequentialID(2), for: handle(7)) == true)
        #expect(map.route(to: sequentialID(1)) == handle(7))
        #expect(map.retire(sequentialID(1), from: handle(7)) == true)
        #expect(map.route(to: sequentialID(1)) == nil)
        #expect(map.route(to: sequentialID(2)) == handle(7))
        #expect(map.retire(sequentialID(1), from: handle(7)) == false)
        let foreign = map.foreignRetirementCount
        #expect(foreign == 0)
    }

    @Test func anIDIsRoutedOnce() {
        var map = ConnectionIDMap()
        #expect(map.insert(sequentialID(1), for: handle(1)) == true)
        #expect(map.insert(sequentialID(1), for: handle(2)) == false)
        #expect(map.insert(sequentialID(1), for: handle(1)) == false)
        #expect(map.route(to: sequentialID(1)) == handle(1))
        let count = map.count
        #expect(count == 1)
    }

    @Test func retiringAnotherConnectionsIDDoesNothing() {
        var map = ConnectionIDMap()
        #expect(map.insert(sequentialID(1), for: handle(1, generation: 2)) == true)
        #expect(map.retire(sequentialID(1), from: handle(2, generation: 2)) == false)
        #expect(map.retire(sequentialID(1), from: handle(1, generation: 1)) == false)
        #expect(map.route(to: sequentialID(1)) == handle(1, generation: 2))
        let (count, foreign) = (map.count, map.foreignRetirementCount)
        #expect(count == 1)
        #expect(foreign == 2)
    }

    @Test func theEmptyIDIsAnIDLikeAnyOther() {
        var map = ConnectionIDMap()
        #expect(map.insert(ConnectionID(), for: handle(3)) == true)
        #expect(map.route(to: ConnectionID()) == handle(3))
        #expect(map.retire(ConnectionID(), from: handle(3)) == true)
        #expect(map.route(to: ConnectionID()) == nil)
    }

    @Test func growsAtThreeQuartersAndHalvesBelowAnEighth() {
        var map = ConnectionIDMap()
        var capacities: [Int: Int] = [:]
        for number in 0..<100 {
            _ = map.insert(sequentialID(number), for: handle(number))
            capacities[map.count] = map.capacity
        }
        #expect(capacities[12] == 16)
        #expect(capacities[13] == 32)
        #expect(capacities[24] == 32)
        #expect(capacities[25] == 64)
        #expect(capacities[97] == 256)
        for number in 0..<100 {
            map.retire(sequentialID(number), from: handle(number))
            capacities[map.count] = map.capacity
        }
        #expect(capacities[32] == 256)
        #expect(capacities[31] == 128)
        #expect(capacities[15] == 64)
        #expect(capacities[1] == 16)
        #expect(capacities[0] == 0)
    }

    @Test func sequentialIDsDoNotCluster() {
        for seed in testSeeds {
            var map = ConnectionIDMap(seed: seed)
            for number in 0..<12_288 { _ = map.insert(sequentialID(number), for: handle(number)) }
            let (capacity, longest) = (map.capacity, map.longestProbeCount)
            #expect(capacity == 16_384)
            // At the highest load of 3/4, random homes give about 70; a guessable order would give thousands.
            #expect(longest < 300, "seed \(seed)")
        }
    }

    @Test func anotherSeedIsAnotherOrder() {
        var first = ConnectionIDMap(seed: 1)
        var second = ConnectionIDMap(seed: 2)
        for number in 0..<500 {
            _ = first.insert(sequentialID(number), for: handle(number))
            _ = second.insert(sequentialID(number), for: handle(number))
        }
        let (firstOrder, secondOrder) = (first.order(), second.order())
        #expect(firstOrder != secondOrder)
        #expect(Set(firstOrder) == Set(secondOrder))
    }

    @Test(arguments: testSeeds)
    func agreesWithADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ledger = MemoryLedger()
        var map = ConnectionIDMap(seed: seed, ledger: ledger)
        var model: [ConnectionID: ConnectionHandle] = [:]
        var foreignRetirements = 0
        for step in 0..<120_000 {
            // IDs from a small range, so that most operations meet one that is there.
            let id = randomID(using: &random)
            let owner = handle(Int.random(in: 0..<3, using: &random))
            if random.chance((step / 2_000).isMultiple(of: 2) ? 75 : 15) {
                let inserted = map.insert(id, for: owner)
                if inserted != (model[id] == nil) { Issue.record("inserted what was there; seed \(seed)") }
                if inserted { model[id] = owner }
            } else {
                let retired = map.retire(id, from: owner)
                if retired != (model[id] == owner) { Issue.record("retired another's ID; seed \(seed)") }
                if !retired, model[id] != nil { foreignRetirements += 1 }
                if retired { model[id] = nil }
            }
            guard map.route(to: id) == model[id], isTight(map, for: model.count),
                map.foreignRetirementCount == foreignRetirements,
                ledger.usage(of: .table).liveBytes == map.allocatedBytes,
                !step.isMultiple(of: 50) || agrees(map, with: model)
            else {
                Issue.record("the map differs from the dictionary at step \(step); seed \(seed)")
                return
            }
        }
        for (id, owner) in model { #expect(map.retire(id, from: owner) == true) }
        #expect(ledger.isEmpty)
    }

    private func randomID(using random: inout SeededGenerator) -> ConnectionID {
        let number = Int.random(in: 0..<600, using: &random)
        var bytes = SeededGenerator(seed: UInt64(number))
        return ConnectionID.random(count: number % 21, using: &bytes)
    }

    private func isTight(_ map: borrowing ConnectionIDMap, for count: Int) -> Bool {
        guard map.count == count else { return false }
        if count == 0 { return map.capacity == 0 && map.allocatedBytes == 0 }
        return 4 * count <= 3 * map.capacity && (map.capacity == 16 || 8 * count >= map.capacity)
    }

    private func agrees(_ map: borrowing ConnectionIDMap, with model: [ConnectionID: ConnectionHandle]) -> Bool {
        var (found, differ) = (0, false)
        map.forEach { id, owner in
            found += 1
            if model[id] != owner { differ = true }
        }
        guard found == model.count, !differ else { return false }
        for (id, owner) in model where map.route(to: id) != owner { return false }
        return true
    }
}

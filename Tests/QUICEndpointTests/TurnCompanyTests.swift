import Testing

@testable import QUICEndpoint
@testable import QUICTransport

/// Whether a connection has the turns to itself, and its share then.
@Suite struct TurnCompanyTests {
    /// A turn in which connections have datagrams in this order: which of those found themselves alone.
    private func turn(_ connections: ConnectionHandle..., of company: inout TurnCompany) -> [Bool] {
        defer { company.beginTurn() }
        return connections.map { company.note($0) }
    }

    private let one = ConnectionHandle(index: 1, generation: 1)
    private let other = ConnectionHandle(index: 2, generation: 2)

    @Test func aConnectionIsAloneFromItsSecondTurnOn() {
        var company = TurnCompany()
        #expect(turn(one, one, of: &company) == [false, false])
        #expect(company.isAlone(one) && !company.isAlone(other))
        #expect(turn(one, one, of: &company) == [true, true])
    }

    @Test func anotherOneEndsItAtOnceAndForTheNextTurn() {
        var company = TurnCompany()
        _ = turn(one, of: &company)
        #expect(turn(one, other, one, of: &company) == [true, false, false])
        #expect(turn(one, of: &company) == [false])
        #expect(turn(one, of: &company) == [true])
    }

    @Test func aTurnWithoutDatagramsChangesNothing() {
        var company = TurnCompany()
        _ = turn(one, of: &company)
        _ = turn(of: &company)
        #expect(turn(one, other, of: &company) == [true, false])
        _ = turn(of: &company)
        #expect(turn(one, of: &company) == [false])
    }

    @Test func itIsAboutTheSameConnection() {
        var company = TurnCompany()
        _ = turn(one, of: &company)
        #expect(turn(other, of: &company) == [false])
        #expect(turn(other, of: &company) == [true])
    }

    @Test func aGrownWindowIsTheShareOfAConnectionThatIsAlone() {
        func share(windowBytes: Int, isAlone: Bool) -> Int {
            var queue = TurnQueue()
            var count = 0
            while queue.takeShare(ofTurn: 1, limit: 32, grownWindowBytes: windowBytes, isAlone: isAlone) { count += 1 }
            return count
        }
        #expect(share(windowBytes: 0, isAlone: false) == 32)
        // A flood brings no progress, and its window does not grow.
        #expect(share(windowBytes: 0, isAlone: true) == 32)
        #expect(share(windowBytes: 120_000, isAlone: true) == 100)
        #expect(share(windowBytes: 1 << 20, isAlone: false) == 128)
        #expect(share(windowBytes: 1 << 20, isAlone: true) == 512)
    }
}

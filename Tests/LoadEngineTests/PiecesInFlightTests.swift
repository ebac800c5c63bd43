import Testing

@testable import LoadEngine

@Suite struct PiecesInFlightTests {
    private static func inFlight(_ numbers: Range<UInt64>) -> PiecesInFlight {
        var inFlight = PiecesInFlight()
        for number in numbers {
            inFlight.add(GrownConnection.Piece(stream: 0, offset: number, count: 1), number: number)
        }
        return inFlight
    }

    @Test func whatIsAcknowledgedIsNeitherInFlightNorLost() {
        var inFlight = Self.inFlight(1_000..<1_010)
        // Packets of the honest client come before.
        #expect(inFlight.acknowledge([0...1_003]).isEmpty)
        #expect(inFlight.count == 6)
        #expect(inFlight.acknowledge([1_004...1_007, 0...1_003]).isEmpty)
        #expect(inFlight.takeAll().map(\.offset).sorted() == [1_008, 1_009])
        #expect(inFlight.count == 0)
    }

    // RFC 9002 §6.1.1: a packet is lost when one has arrived that was sent three packets later.
    @Test func whatLaterPacketsHaveOvertakenIsLost() {
        var inFlight = Self.inFlight(1_000..<1_010)
        #expect(inFlight.acknowledge([1_008...1_008, 1_003...1_004]).map(\.offset) == [1_000, 1_001, 1_002, 1_005])
        #expect(inFlight.takeAll().map(\.offset).sorted() == [1_006, 1_007, 1_009])
    }

    @Test func whatIsSentAgainHasItsNewNumber() {
        var inFlight = Self.inFlight(7..<8)
        for piece in inFlight.takeAll() { inFlight.add(piece, number: 8) }
        #expect(inFlight.acknowledge([7...7]).isEmpty)
        #expect(inFlight.takeAll().map(\.offset) == [7])
    }
}

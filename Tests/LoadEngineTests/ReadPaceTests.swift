import Datagrams
import Testing

@testable import LoadEngine

@Suite struct ReadPaceTests {
    private static func moment(_ milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test(arguments: [1, 7, 1_000, 65_537, 100_000_000])
    func readsAtItsPaceHoweverOftenItLooks(_ bytesPerSecond: Int) {
        var pace = ReadPace(bytesPerSecond: bytesPerSecond)
        pace.begin(at: Self.moment(0))
        var read = 0
        for milliseconds in stride(from: UInt64(0), through: 10_000, by: 7) {
            read += pace.read(.max, at: Self.moment(milliseconds))
            let expected = Double(bytesPerSecond) * Double(milliseconds) / 1_000
            // The rest of a nanosecond that one look leaves adds up to less than a byte in a thousand.
            #expect(abs(Double(read) - expected) <= 1 + expected / 1_000)
        }
    }

    @Test func readsNoMoreThanThereIs() {
        var pace = ReadPace(bytesPerSecond: 1_000)
        pace.begin(at: Self.moment(0))
        #expect(pace.read(100, at: Self.moment(1_000)) == 100)
    }

    @Test func doesNotCatchUpOnTimeWithNothingToRead() {
        var pace = ReadPace(bytesPerSecond: 1_000)
        #expect(pace.read(100, at: Self.moment(500)) == 0)
        pace.begin(at: Self.moment(1_000))
        #expect(pace.read(1_000, at: Self.moment(1_100)) == 100)
        pace.end()
        pace.begin(at: Self.moment(9_000))
        #expect(pace.read(1_000, at: Self.moment(9_010)) == 10)
        // It went on reading in between: beginning again changes nothing.
        pace.begin(at: Self.moment(9_500))
        #expect(pace.read(1_000, at: Self.moment(9_510)) == 500)
    }
}

import Testing
import TextValues

@Suite struct ByteCountTextTests {
    @Test(arguments: [("64", 64), ("64B", 64), ("64KiB", 65_536), ("1MiB", 1_048_576), ("1GiB", 1 << 30), ("0", 0)])
    func everyUnitIsRead(text: String, expected: Int) throws {
        #expect(try ByteCountText.parse(text) == expected)
    }

    @Test(arguments: ["", "KiB", "1KB", "-1", "1.5MiB", "64 KiB", "9223372036854775808", "9223372036854775807KiB"])
    func anythingElseIsRefused(text: String) {
        #expect(throws: TextValueError.self) { try ByteCountText.parse(text) }
    }

    @Test func theErrorNamesTheValueAndWhatIsAccepted() throws {
        let error = #expect(throws: TextValueError.self) { try ByteCountText.parse("1KB") }
        let accepted = "a whole number, alone or with KiB, MiB or GiB, such as 64 or 64KiB"
        #expect(error?.description == "\"1KB\" is not a number of bytes: use \(accepted)")
    }

    @Test(arguments: ["0", "64", "64KiB", "65537", "1MiB", "3GiB", "1025MiB"])
    func whatIsFormattedReadsTheSame(text: String) throws {
        #expect(ByteCountText.format(try ByteCountText.parse(text)) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (512, "512 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"), (-3_145_728, "-3 MiB"),
        (3_145_729, "3.0 MiB"), (1 << 30, "1 GiB"), (Int.min, "-8589934592 GiB"),
    ])
    func countsAreReadInTheLargestUnitReached(bytes: Int, expected: String) {
        #expect(ByteCountText.readable(bytes) == expected)
    }
}

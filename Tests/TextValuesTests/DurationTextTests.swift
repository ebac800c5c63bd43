import Testing
import TextValues

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("3s", .seconds(3)), ("2m", .seconds(120)), ("1h", .seconds(3_600)),
        ("0s", .zero), ("007s", .seconds(7)),
    ])
    func everyUnitIsRead(text: String, expected: Duration) throws {
        #expect(try DurationText.parse(text) == expected)
    }

    @Test(arguments: ["", "3", "s", "3x", "-3s", "1.5s", "3 s", "3S", "99999999999999999999s", "9223372036854775807h"])
    func anythingElseIsRefused(text: String) {
        #expect(throws: TextValueError.self) { try DurationText.parse(text) }
    }

    @Test func theErrorNamesTheValueAndWhatIsAccepted() throws {
        let error = #expect(throws: TextValueError.self) { try DurationText.parse("3x") }
        #expect(
            error?.description
                == "\"3x\" is not a duration: use a whole number with ms, s, m or h, such as 500ms or 3s"
        )
    }

    @Test(arguments: ["500ms", "3s", "90s", "2m", "25h", "0s", "1500ms"])
    func whatIsFormattedReadsTheSame(text: String) throws {
        #expect(DurationText.format(try DurationText.parse(text)) == text)
    }

    @Test func aFractionOfAMillisecondIsFormattedInSeconds() {
        #expect(DurationText.format(.microseconds(250)) == "0.00025s")
        #expect(DurationText.format(.milliseconds(-5)) == "-5ms")
    }
}

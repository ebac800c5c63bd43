import PathRelay
import Testing
import TextValues

@Suite struct RelayTextTests {
    @Test(arguments: [
        ("500kbit", 500_000), ("100Mbit", 100_000_000), ("1Gbit", 1_000_000_000), ("1500kbit", 1_500_000),
    ])
    func rates(_ text: String, _ bits: Int) throws {
        #expect(try BitRateText.parse(text) == bits)
        #expect(BitRateText.format(bits) == text)
    }

    @Test(arguments: [
        "", "100", "100M", "100mbit", "-1Mbit", "1.5Mbit", "Mbit", "99999999999999999999Mbit", "10000000000Gbit",
    ])
    func noRates(_ text: String) {
        #expect(throws: TextValueError.self) { try BitRateText.parse(text) }
    }

    @Test(arguments: [("0%", 0), ("1%", 0.01), ("0.5%", 0.005), ("100%", 1), ("120%", 1.2)])
    func shares(_ text: String, _ share: Double) throws {
        #expect(abs(try ShareText.parse(text) - share) < 1e-12)
        #expect(ShareText.format(share) == text)
    }

    @Test(arguments: ["", "%", "1", "1 %", "-1%", "nan%", "inf%", "1e2%", "0x1%", "1..2%", "1%%"])
    func noShares(_ text: String) {
        #expect(throws: TextValueError.self) { try ShareText.parse(text) }
    }

    @Test func periods() throws {
        #expect(try PeriodText.parse("2s..2500ms") == .seconds(2) ..< .milliseconds(2_500))
        #expect(try PeriodText.parse("0s..1h") == .zero ..< .seconds(3_600))
    }

    @Test(arguments: ["", "2s", "2s..", "..2s", "2s..2s", "3s..2s", "2s.3s", "2s...3s", "2..3", "2s-3s", "2s..3s..4s"])
    func noPeriods(_ text: String) {
        #expect(throws: TextValueError.self) { try PeriodText.parse(text) }
    }

    @Test func conditionsThatAreNotAcceptedNameTheirOptionAndTheRange() {
        let refusals: [(option: String, change: (inout PathConditions) -> Void)] = [
            ("--round-trip 11s is not accepted: use 0s to 10s", { $0.roundTrip = .seconds(11) }),
            ("--jitter 2s is not accepted: use 0s to 1s", { $0.jitter = .seconds(2) }),
            ("--loss 120% is not accepted: use 0% to 100%", { $0.loss = 1.2 }),
            ("--reorder 101% is not accepted: use 0% to 100%", { $0.reordering = 1.01 }),
            ("--reorder-by 0s is not accepted: use 1ms to 1s", { $0.reorderDelay = .zero }),
            ("--rate 1kbit is not accepted: use 10kbit to 100Gbit", { $0.bitsPerSecond = 1_000 }),
            ("--queue 64 is not accepted: use 1500 to 1GiB", { $0.queueBytes = 64 }),
            ("--outage 25h is not accepted: use 0s to 24h", { $0.outages = [.zero ..< .seconds(90_000)] }),
        ]
        for (sentence, change) in refusals {
            var conditions = PathConditions()
            change(&conditions)
            #expect { try conditions.validate() } throws: { "\($0)" == sentence }
        }
        #expect(throws: Never.self) { try PathConditions().validate() }
    }
}

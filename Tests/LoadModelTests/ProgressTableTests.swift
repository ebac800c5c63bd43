import LoadModel
import Testing

@Suite struct ProgressTableTests {
    private var progress: LoadProgress {
        var sample = TimelineSample(seconds: 2)
        (sample.handshakesPerSecond, sample.echoesPerSecond) = (998.4, 512.4)
        sample.handshake = .init(p50: 900, p99: 3_210)
        sample.echo = .init(p50: 240, p99: 1_730)
        (sample.ledgerBytes, sample.residentBytes) = (2 << 20, 50 << 20)
        return LoadProgress(
            scheduled: 2_431,
            dialing: 12,
            established: 2_400,
            holding: 230,
            closing: 45,
            finished: 2_186,
            failed: 3,
            elapsed: .milliseconds(2_449),
            sample: sample
        )
    }

    @Test func aWideTerminalShowsEverything() {
        let table = ProgressTable([.echoes, .ledger, .memory], width: 130)
        #expect(
            table.header + "\n" + table.row(progress) == """
                   time dialing    open closing    done failed   hs/s  hs p50  hs p99 echo/s echo p50 echo p99    \
                ledger       RSS
                  2.4 s      12     230      45    2186      3    998  900 µs  3.2 ms    512   240 µs   1.7 ms     \
                2 MiB    50 MiB
                """
        )
    }

    @Test func whatIsNotReadHasNoColumn() {
        #expect(!ProgressTable([.memory], width: 130).header.contains("echo"))
        #expect(!ProgressTable([.memory], width: 130).header.contains("ledger"))
        #expect(!ProgressTable([.echoes], width: 130).header.contains("RSS"))
    }

    @Test func whatIsNotKnownYetIsADash() {
        let row = ProgressTable([.memory], width: 130).row(LoadProgress())
        #expect(row.hasSuffix("      -       -       -         -"))
    }

    @Test(arguments: -1...140)
    func theRowsFitTheTerminal(width: Int) {
        let table = ProgressTable([.echoes, .ledger, .memory], width: width)
        #expect(table.header.count <= max(0, width))
        #expect(table.row(progress).count <= max(0, width))
    }

    @Test func aNarrowTerminalShowsWhatTellsMost() {
        let narrow = ProgressTable([.echoes, .ledger, .memory], width: 79).header
        #expect(
            narrow.split(separator: " ") == [
                "time", "dialing", "open", "failed", "hs/s", "hs", "p99", "echo/s", "ledger", "RSS",
            ]
        )
        #expect(ProgressTable([.memory], width: 16).header == "   time    open")
    }
}

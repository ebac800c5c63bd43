import LoadModel
import Testing

@Suite struct LoadProgressTests {
    private let progress = LoadProgress(
        scheduled: 2_431,
        dialing: 12,
        established: 2_400,
        holding: 230,
        finished: 2_186,
        failed: 3,
        elapsed: .milliseconds(2_449),
        handshakesPerSecond: 998.4
    )

    @Test func aLineSaysEverything() {
        #expect(
            progress.line(of: 5_000) == """
                2.4s: 2431 of 5000 scheduled, 12 dialing, 2400 established, 230 holding, 2186 finished, 3 failed, \
                998 handshakes/s
                """
        )
    }

    @Test func aLineSaysWhatTheLatestIntervalShowed() {
        var sample = TimelineSample(seconds: 2)
        (sample.handshakesPerSecond, sample.echoesPerSecond) = (700.2, 512.4)
        sample.handshake = .init(p50: 900, p99: 3_210)
        (sample.ledgerBytes, sample.residentBytes) = (2 << 20, 50 << 20)
        var progress = progress
        progress.sample = sample
        let details = """
            , 512 echoes/s, handshake p50 900 µs p99 3.2 ms, target holds 2 MiB, target RSS 50 MiB
            """
        #expect(progress.line(of: nil).hasPrefix("2.4s: 2431 scheduled, 12 dialing, "))
        #expect(progress.line(of: nil).hasSuffix(" 700 handshakes/s" + details))
    }

    @Test func whereTimeEndsARunTheBarIsFilledByTime() {
        let bar = progress.bar(of: nil, lasting: .milliseconds(4_898), width: 200)
        #expect(bar == "[############------------] 2189  dialing 12  holding 230  failed 3  998/s  2.4s")
    }

    @Test func theBarIsFilledByWhatEnded() {
        #expect(
            progress.bar(of: 5_000, width: 200)
                == "[##########--------------] 2189/5000  dialing 12  holding 230  failed 3  998/s  2.4s"
        )
        #expect(LoadProgress().bar(of: 10, width: 200).hasPrefix("[------------------------] 0/10 "))
        #expect(LoadProgress(finished: 10).bar(of: 10, width: 200).hasPrefix("[########################] 10/10 "))
    }

    @Test func inAHerdConnectionsCountOnceTheyAreOpen() {
        #expect(
            progress.bar(of: 5_000, countsOpen: true, width: 200).hasPrefix("[###########-------------] 2419/5000 ")
        )
    }

    @Test(arguments: -1...120)
    func theBarFitsTheTerminal(width: Int) {
        #expect(progress.bar(of: 5_000, width: width).count <= max(0, width))
    }

    @Test func theBarGivesWayToTheNumbers() {
        let numbers = "2189/5000  dialing 12  holding 230  failed 3  998/s  2.4s"
        #expect(progress.bar(of: 5_000, width: numbers.count + 8) == "[##---] " + numbers)
        #expect(progress.bar(of: 5_000, width: numbers.count) == numbers)
        #expect(progress.bar(of: 5_000, width: 9) == "2189/5000")
    }

    @Test func aPacerShowsTheFirstAndThenOnePerInterval() {
        var pacer = ProgressPacer(interval: .milliseconds(100))
        let shown = stride(from: 0, to: 350, by: 40).filter { pacer.isDue(at: .milliseconds($0)) }
        #expect(shown == [0, 120, 240])
    }
}

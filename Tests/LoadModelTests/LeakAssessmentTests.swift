import Foundation
import LoadModel
import Testing

@Suite struct LeakAssessmentTests {
    /// Five cycles of 2,000 connections.
    private func cycles(_ count: Int = 5, _ reading: (Int) -> MemoryReading) -> [LeakCycle] {
        (1...count).map { LeakCycle(connections: $0 * 2_000, memory: reading($0)) }
    }

    private func isInconclusive(_ assessment: LeakAssessment, _ text: String) -> Bool {
        guard case .inconclusive(let reason) = assessment.verdict else { return false }
        return reason.contains(text)
    }

    @Test func aLedgerShowsALeakToTheByte() {
        let cycles = cycles { MemoryReading(ledgerBytes: ["transport": $0 * 2_000 * 600, "rings": 0]) }
        let assessment = LeakAssessment(cycles: cycles)
        #expect(assessment.verdict == .leaks(bytesPerConnection: 600, interval: 600...600))
        #expect(assessment.verdict.exitCode == 1)
        #expect(assessment.stayed.map(\.name) == ["ledger.transport"])
        #expect(assessment.stayed.first?.growthPerCycle == 1_200_000)
        #expect(assessment.sentences == ["ledger grows by 600 B per connection (95 %: 600 B to 600 B)"])
    }

    @Test func whatStaysWithinTheToleranceReturns() {
        let cycles = cycles { MemoryReading(ledgerBytes: ["table": $0 * 2_000 * 600]) }
        let assessment = LeakAssessment(cycles: cycles, toleranceBytes: 601)
        #expect(assessment.verdict == .returns)
        #expect(assessment.verdict.exitCode == 0)
    }

    @Test func pagesKeptByTheAllocatorAreNoLeak() {
        let before = MemoryReading(residentBytes: 20 << 20, heapInUseBytes: 8 << 20)
        let cycles = cycles { _ in MemoryReading(residentBytes: 154 << 20, heapInUseBytes: 8 << 20) }
        let assessment = LeakAssessment(before: before, cycles: cycles)
        #expect(assessment.verdict == .returns)
        #expect(assessment.keptBytes == 134 << 20)
        #expect(assessment.sentences.last == "134 MiB kept by the allocator: pages (RSS) without live bytes")
    }

    @Test func noPagesAreKeptWhereTheyCameBack() {
        let before = MemoryReading(residentBytes: 20 << 20, ledgerBytes: [:])
        let cycles = cycles { _ in MemoryReading(residentBytes: 21 << 20, ledgerBytes: [:]) }
        let assessment = LeakAssessment(before: before, cycles: cycles)
        #expect(assessment.keptBytes == 1 << 20)
        #expect(assessment.sentences.count == 1)
    }

    @Test func liveBytesDecideEvenWhenPagesStay() {
        let cycles = cycles { MemoryReading(residentBytes: 154 << 20, heapInUseBytes: $0 * 2_000 * 3_000) }
        guard case .leaks(let bytes, _) = LeakAssessment(cycles: cycles).verdict else {
            Issue.record("a leak into pages that the allocator had already")
            return
        }
        #expect(abs(bytes - 3_000) < 1)
    }

    @Test func aLeakOutsideOfTheLedgerIsSeenInItsPages() {
        let cycles = cycles { MemoryReading(privateDirtyBytes: $0 * 2_000 * 30_000, ledgerBytes: ["tls": 0]) }
        let assessment = LeakAssessment(cycles: cycles)
        #expect(assessment.verdict.label == "leaks")
        #expect(assessment.sentences.first?.hasSuffix("a leak outside of the ledger") == true)
    }

    @Test func pagesThatGrowWithoutLiveBytesAreNotExplained() {
        let cycles = cycles { MemoryReading(residentBytes: $0 * 2_000 * 30_000, heapInUseBytes: 8 << 20) }
        let assessment = LeakAssessment(cycles: cycles)
        #expect(isInconclusive(assessment, "fragmentation, or memory outside of the heap"))
        #expect(assessment.verdict.exitCode == 2)
    }

    @Test func aPoolThatFilledOnceIsNamed() {
        let sizes = [30, 30, 60, 60, 60, 60, 60].map { $0 << 20 }
        let assessment = LeakAssessment(cycles: cycles(7) { MemoryReading(heapInUseBytes: sizes[$0 - 1]) })
        #expect(assessment.verdict == .returns)
        #expect(assessment.filledBytes == 30 << 20)
        #expect(assessment.sentences.last == "heap in use grew once by 30 MiB and then no more: a pool was filled")
    }

    @Test func theWarmUpIsNotCounted() {
        let cycles = cycles { MemoryReading(heapInUseBytes: $0 == 1 ? 0 : 90 << 20) }
        #expect(LeakAssessment(cycles: cycles).filledBytes == 0)
        #expect(LeakAssessment(cycles: cycles, warmUpCycles: 0).filledBytes == 90 << 20)
    }

    @Test(arguments: [0, 1, 2, 3])
    func fewerThanThreeCountedCyclesSayNothing(count: Int) {
        let assessment = LeakAssessment(cycles: Array(cycles { _ in MemoryReading(heapInUseBytes: 1) }.prefix(count)))
        let counted = max(0, count - 1)
        #expect(isInconclusive(assessment, "\(counted) cycles were counted, at least 3 are needed after the warm-up"))
    }

    @Test func withoutReadingsOrConnectionsThereIsNothingToSay() {
        #expect(isInconclusive(LeakAssessment(cycles: cycles { _ in MemoryReading() }), "no reading of memory"))
        let gap = cycles { MemoryReading(residentBytes: $0 == 3 ? nil : 1 << 20) }
        #expect(isInconclusive(LeakAssessment(cycles: gap), "no reading of memory"))
        let idle = (1...5).map { _ in LeakCycle(connections: 0, memory: MemoryReading(heapInUseBytes: 1)) }
        #expect(isInconclusive(LeakAssessment(cycles: idle), "no connections were made"))
        let backwards = cycles { _ in MemoryReading(heapInUseBytes: 1) }.reversed()
        #expect(isInconclusive(LeakAssessment(cycles: Array(backwards)), "no reading of memory"))
    }

    @Test func descriptorsThatStayAreNoReturn() {
        let cycles = cycles { MemoryReading(heapInUseBytes: 8 << 20, descriptors: 10 + $0 * 40, threads: 3) }
        let assessment = LeakAssessment(cycles: cycles)
        #expect(isInconclusive(assessment, "there are more descriptors after every cycle"))
        #expect(assessment.stayed.map(\.name) == ["descriptors"])
        #expect(assessment.stayed.first?.growthPerCycle == 40)
        #expect(assessment.stayed.first?.value == 210)
    }

    @Test func whatComesAndGoesHasNotStayed() {
        let counts = [9, 12, 13, 12, 13]
        let cycles = cycles { MemoryReading(heapInUseBytes: 8 << 20, descriptors: counts[$0 - 1], threads: 7 - $0) }
        let assessment = LeakAssessment(cycles: cycles)
        #expect(assessment.verdict == .returns)
        #expect(assessment.stayed.allSatisfy { !$0.growsEveryCycle && $0.growthPerCycle < 1 })
    }

    @Test func manyConnectionsAreAskedForWhereNoiseHidesTheTolerance() {
        let sizes = [50.0, 51.2, 49.1, 50.9, 49.4]
        let cycles = cycles { MemoryReading(residentBytes: Int(sizes[$0 - 1] * 1_048_576)) }
        #expect(isInconclusive(LeakAssessment(cycles: cycles), "RSS cannot tell 512 B per connection from noise"))
        #expect(isInconclusive(LeakAssessment(cycles: cycles), "times the connections in each cycle would"))
    }

    @Test func theBestPagesDecide() {
        let cycles = cycles {
            MemoryReading(residentBytes: $0 * 90_000_000, proportionalBytes: 1 << 20, privateDirtyBytes: 1 << 20)
        }
        #expect(LeakAssessment(cycles: cycles).verdict == .returns)
        #expect(LeakAssessment(cycles: cycles).trends.map(\.measure) == [.privateDirty, .proportional, .resident])
    }

    @Test func aServersOwnStatisticsAreAReading() throws {
        var reading = MemoryReading(residentBytes: 7)
        reading.add(try busyServer())
        #expect(reading.residentBytes == 7)
        #expect(reading.heapInUseBytes == 41_000_000)
        #expect(reading.ledgerBytes?["rings"] == 8_192)
        #expect(reading[.ledger] == 120_000)
    }
}

// MARK: - What is shown and written

extension LeakAssessmentTests {
    private var sample: LeakAssessment {
        let cycles = cycles(4) {
            MemoryReading(
                residentBytes: 160 << 20,
                heapInUseBytes: (8 << 20) + $0 * 2_000 * 640,
                ledgerBytes: ["rings": 0, "table": $0 * 100],
                descriptors: 12,
                threads: 3
            )
        }
        return LeakAssessment(before: MemoryReading(residentBytes: 20 << 20, heapInUseBytes: 8 << 20), cycles: cycles)
    }

    @Test func theTextIsAligned() {
        #expect(
            sample.text == """
                cycle      connections  ledger  heap in use      RSS  descriptors  threads
                before               0       -        8 MiB   20 MiB            -        -
                1 warm-up         2000   100 B      9.2 MiB  160 MiB           12        3
                2                 4000   200 B     10.4 MiB  160 MiB           12        3
                3                 6000   300 B     11.7 MiB  160 MiB           12        3
                4                 8000   400 B     12.9 MiB  160 MiB           12        3

                per connection  cycles  slope  95 % from     to  Theil-Sen  noise
                ledger               3    0 B        0 B    0 B        0 B    0 B
                heap in use          3  640 B      624 B  656 B      640 B   16 B
                RSS                  3    0 B     -524 B  524 B        0 B  524 B

                stayed        per cycle  at the end
                ledger.table     +100 B       400 B

                leaks 640 bytes per connection: heap in use grows by 640 B per connection (95 %: 624 B to 656 B)
                  135.1 MiB kept by the allocator: pages (RSS) without live bytes

                """
        )
    }

    @Test func anAssessmentSurvivesJSON() throws {
        let json = try JSONEncoder().encode(sample)
        #expect(try JSONDecoder().decode(LeakAssessment.self, from: json) == sample)
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        let verdict = try #require(object["verdict"] as? [String: Any])
        #expect(verdict["verdict"] as? String == "leaks")
        #expect((verdict["interval"] as? [Double])?.count == 2)
    }

    @Test(arguments: [
        LeakVerdict.returns, .leaks(bytesPerConnection: 1.5, interval: -1...2), .inconclusive(reason: "why"),
    ])
    func aVerdictSurvivesJSON(verdict: LeakVerdict) throws {
        let json = try JSONEncoder().encode(verdict)
        #expect(try JSONDecoder().decode(LeakVerdict.self, from: json) == verdict)
    }

    @Test func anUnknownVerdictInJSONIsRefused() {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(LeakVerdict.self, from: Data(#"{"verdict":"perhaps"}"#.utf8))
        }
    }
}

import TextValues

/// Comes from what the measures say, each alone, to one verdict and the reasons for it.
struct LeakJudgement {
    private(set) var verdict: LeakVerdict
    private(set) var sentences: [String]
    private(set) var filledBytes = 0

    private let toleranceBytes: Int

    init(_ evidence: LeakEvidence, cycles: Int, toleranceBytes: Int, stayed: [LeakRemainder]) {
        self.toleranceBytes = toleranceBytes
        verdict = .returns
        sentences = []
        if cycles < LeakAssessment.cyclesLeast {
            refuse("\(cycles) cycles were counted, at least \(LeakAssessment.cyclesLeast) are needed after the warm-up")
        } else if let decisive = evidence.growingLive ?? evidence.live ?? evidence.pages {
            judge(decisive)
            if evidence.live != nil, verdict == .returns, let pages = evidence.pages { compare(pages, evidence) }
            if verdict == .returns, let growing = stayed.first(where: { $0.growsEveryCycle && !$0.isBytes }) {
                refuse("memory comes back, but there are more \(growing.name) after every cycle")
            }
        } else {
            refuse("there is no reading of memory after every cycle, or no connections were made")
        }
    }

    /// Takes the verdict from the measure that decides.
    private mutating func judge(_ finding: GrowthFinding) {
        let trend = finding.trend
        switch finding.growth {
        case .none(let filledBytes):
            verdict = .returns
            sentences = ["\(trend.sentence), within \(ByteCountText.readable(toleranceBytes))"]
            noteFilled(filledBytes, finding)
        case .steady:
            verdict = .leaks(bytesPerConnection: trend.slope, interval: trend.interval)
            sentences = [trend.sentence]
        case .flattening, .step, .unclear:
            refuse(finding.reason(toleranceBytes: toleranceBytes))
        }
        if finding.outlier != nil {
            sentences.append("one reading of \(trend.measure.title) is far off the others and was set aside")
        }
    }

    /// Looks at the pages of a server whose live bytes come back.
    private mutating func compare(_ pages: GrowthFinding, _ evidence: LeakEvidence) {
        switch pages.growth {
        case .none(let filledBytes):
            noteFilled(filledBytes, pages)
        case .steady where evidence.heap == nil:
            verdict = .leaks(bytesPerConnection: pages.trend.slope, interval: pages.trend.interval)
            sentences = ["\(pages.trend.sentence), though the ledger's bytes come back: a leak outside of the ledger"]
        case .steady:
            refuse("\(pages.trend.sentence), though live bytes come back: fragmentation, or memory outside of the heap")
        case .flattening, .step, .unclear:
            break
        }
    }

    private mutating func noteFilled(_ bytes: Double, _ finding: GrowthFinding) {
        let measure = finding.trend.measure
        guard bytes > 2 * Double(measure.noiseBytes), bytes > 0 else { return }
        filledBytes = max(filledBytes, Int(clampingRounded: bytes))
        let size = ByteCountText.readable(bytes)
        sentences.append("\(measure.title) grew once by \(size) and then no more: a pool was filled")
    }

    private mutating func refuse(_ reason: String) {
        verdict = .inconclusive(reason: reason)
        sentences = [reason]
    }
}

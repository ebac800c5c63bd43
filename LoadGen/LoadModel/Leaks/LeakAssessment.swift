import TextValues

/// A leak check, judged: whether a server's memory comes back after connections, and what stayed.
///
/// The measures are not equal. Live bytes, where they are known, decide: an allocator may keep pages that hold
/// nothing. The heap's live bytes are all there are; a ledger's are those it counts, so where only a ledger is known,
/// pages that grow with the connections are a leak outside of it. Where no live bytes are known, pages decide, and
/// need more connections to.
public struct LeakAssessment: Sendable, Equatable, Codable {
    /// How many bytes may stay for a connection, unless told otherwise.
    public static let toleranceBytesDefault = 512
    /// How many cycles at least are to be counted.
    public static let cyclesLeast = 3

    /// How many bytes may stay for a connection.
    public let toleranceBytes: Int
    /// How many of ``cycles``, from the first, only warm the server up and are not judged.
    public let warmUpCycles: Int
    /// The server before the first cycle.
    public let before: MemoryReading?
    /// Every cycle.
    public let cycles: [LeakCycle]
    /// Whether memory comes back.
    public let verdict: LeakVerdict
    /// What decided, for a reader: one sentence, then what else was seen, a sentence each.
    public let sentences: [String]
    /// The trends of all measures that are known after every counted cycle, those of live bytes first.
    public let trends: [LeakTrend]
    /// What else stays.
    public let stayed: [LeakRemainder]
    /// Bytes that the allocator keeps although nothing lives in them; nil where live bytes are not known.
    public let keptBytes: Int?
    /// Bytes of a pool that was filled once, after the warm-up.
    public let filledBytes: Int

    private enum CodingKeys: String, CodingKey {
        case toleranceBytes = "tolerance_bytes"
        case warmUpCycles = "warm_up_cycles"
        case before
        case cycles
        case verdict
        case sentences
        case trends
        case stayed
        case keptBytes = "kept_bytes"
        case filledBytes = "filled_bytes"
    }

    /// Judges the cycles of a leak check.
    ///
    /// - Parameters:
    ///   - before: The server before the first cycle, to say what an allocator keeps; nil when it was not read.
    ///   - cycles: In their order. A measure counts only if it was taken after every counted cycle.
    ///   - warmUpCycles: How many cycles, from the first, are not counted: pools fill, tables grow, libraries load.
    ///   - toleranceBytes: How many bytes may stay for a connection; at least 0.
    public init(
        before: MemoryReading? = nil,
        cycles: [LeakCycle],
        warmUpCycles: Int = 1,
        toleranceBytes: Int = toleranceBytesDefault
    ) {
        precondition(warmUpCycles >= 0 && toleranceBytes >= 0)
        let counted = Array(cycles.dropFirst(warmUpCycles))
        let evidence = LeakEvidence(counted, tolerance: Double(toleranceBytes))
        let stayed = LeakRemainder.all(of: counted)
        let judgement = LeakJudgement(evidence, cycles: counted.count, toleranceBytes: toleranceBytes, stayed: stayed)
        self.toleranceBytes = toleranceBytes
        self.warmUpCycles = warmUpCycles
        self.before = before
        self.cycles = cycles
        self.stayed = stayed
        self.verdict = judgement.verdict
        self.trends = evidence.findings.map(\.trend)
        self.filledBytes = judgement.filledBytes
        self.keptBytes = Self.keptBytes(before: before, after: counted.last?.memory, evidence)
        self.sentences = judgement.sentences + Self.keptSentence(judgement.verdict, keptBytes, evidence)
    }

    /// By how much more pages than live bytes grew since before the first cycle.
    private static func keptBytes(before: MemoryReading?, after: MemoryReading?, _ evidence: LeakEvidence) -> Int? {
        guard let before, let after, let live = evidence.live?.trend.measure,
            let pages = evidence.pages?.trend.measure,
            let pagesBefore = before[pages], let pagesAfter = after[pages],
            let liveBefore = before[live], let liveAfter = after[live]
        else { return nil }
        return max(0, pagesAfter - pagesBefore - (liveAfter - liveBefore))
    }

    private static func keptSentence(_ verdict: LeakVerdict, _ keptBytes: Int?, _ evidence: LeakEvidence) -> [String] {
        guard let keptBytes, let pages = evidence.pages?.trend.measure, keptBytes > 2 * pages.noiseBytes else {
            return []
        }
        let kept = ByteCountText.readable(keptBytes)
        return ["\(kept) kept by the allocator: pages (\(pages.title)) without live bytes"]
    }
}

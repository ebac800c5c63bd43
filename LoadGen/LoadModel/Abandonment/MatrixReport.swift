import TextValues

/// Everything an abandon matrix showed, as written to JSON and shown as text.
public struct MatrixReport: Sendable, Encodable {
    /// The version of the JSON; raised when a field changes its meaning or goes.
    public static let schemaVersion = 1

    /// The server that was measured.
    public let target: String
    /// What was tried.
    public let plan: MatrixPlan
    /// What ``HeldMemory`` of the cells counts.
    public let measure: MemoryMeasure
    /// The cells.
    public let matrix: AbandonMatrix
    /// What it cost the generator, and what that still holds.
    public let generator: GeneratorUsage
    /// Whether every cell was measured, and the generator is back where it was.
    public let verdict: Verdict
    /// What a reader should know beside the table, a sentence each.
    public var notes: [String]

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case target
        case plan
        case measure
        case cells
        case generator
        case verdict
        case notes
    }

    /// The report of cells that were measured as planned.
    init(
        target: String,
        plan: MatrixPlan,
        measure: MemoryMeasure,
        cells: [MatrixCell],
        generator: GeneratorUsage,
        keptBytes: Int?
    ) {
        self.target = target
        self.plan = plan
        self.measure = measure
        self.generator = generator
        matrix = AbandonMatrix(cells)
        verdict = Verdict(
            [Self.completeness(cells, plan)] + Verdict.generator(generator, starts: plan.connections * cells.count + 1)
        )
        notes = [Self.pagesNote(measure, keptBytes), Self.noiseNote(cells, plan), Self.failureNote(cells)]
            .compactMap(\.self)
    }

    /// Writes the report.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.schemaVersion, forKey: .schemaVersion)
        try values.encode(target, forKey: .target)
        try values.encode(plan, forKey: .plan)
        try values.encode(measure, forKey: .measure)
        try values.encode(matrix.cells, forKey: .cells)
        try values.encode(generator, forKey: .generator)
        try values.encode(verdict, forKey: .verdict)
        try values.encode(notes, forKey: .notes)
    }

    /// The report for a reader, as aligned plain text that ends in a line break.
    public var text: String {
        let failures = verdict.failures.map { "FAILED \($0.name): \($0.sentence)\n" }.joined()
        let remarks = notes.map { "note: \($0)\n" }.joined()
        return "\(measure.title) held for each connection × how long, of \(target)\n\n\(matrix.text)"
            + [remarks, failures].filter { !$0.isEmpty }.map { "\n\($0)" }.joined()
    }

    /// The report as a page.
    public var page: ReportPage {
        matrix.page(target: target, failures: verdict.failures.map(\.sentence), notes: notes)
    }

    /// A matrix that was ended early lacks cells.
    private static func completeness(_ cells: [MatrixCell], _ plan: MatrixPlan) -> Expectation {
        let planned = plan.cells.count
        return Expectation("cells", passed: cells.count == planned, "\(cells.count) of \(planned) cells measured")
    }

    /// Pages that an allocator keeps are no live bytes, and hide what later cells use of them.
    private static func pagesNote(_ measure: MemoryMeasure, _ keptBytes: Int?) -> String? {
        guard !measure.isLive, let keptBytes, keptBytes > measure.noiseBytes else { return nil }
        return """
            after the last cell the target has \(ByteCountText.readable(keptBytes)) of \(measure.title) more than before \
            the first: pages its allocator keeps, or a leak; later cells may show less than they hold, since they use \
            these pages first
            """
    }

    private static func noiseNote(_ cells: [MatrixCell], _ plan: MatrixPlan) -> String? {
        let count = cells.filter { $0.gap == .belowNoise }.count
        guard count > 0 else { return nil }
        return """
            \(count) of \(cells.count) cells are below the noise of pages: --connections above \(plan.connections), a \
            fresh target for each point, or --admin would tell more
            """
    }

    private static func failureNote(_ cells: [MatrixCell]) -> String? {
        var counts: [String: Int] = [:]
        for cell in cells { counts.merge(cell.failures, uniquingKeysWith: +) }
        guard !counts.isEmpty else { return nil }
        let failures = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        let total = counts.values.reduce(0, +)
        return "\(total) connections did not come to their point: \(failures.joined(separator: ", "))"
    }
}

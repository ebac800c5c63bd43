internal import BoundedMemory

/// A committed document beside a new measurement, row by row.
///
/// Limits are compared always. Figures are compared only when both were measured with the same libraries: others hold other
/// amounts, and then only the limits say what is too much.
package struct ContractComparison {
    /// A number of both.
    package struct Row: Sendable {
        /// Where it is in the document: `states.half_open.tls.live_bytes`.
        package let name: String
        /// The document's number; nil when it has none.
        package let committed: Int?
        /// The measurement's; nil when it has none.
        package let measured: Int?
        /// How they have to be to each other.
        package let rule: Rule

        /// Whether the contract is broken here.
        package var isBroken: Bool {
            guard let committed, let measured else { return true }
            return switch rule {
            case .within(let tolerance): abs(committed - measured) > tolerance
            case .atMost(let limit): max(committed, measured) > limit
            }
        }
    }

    /// How two numbers have to be to each other.
    package enum Rule: Hashable, Sendable {
        /// They differ by no more.
        case within(Int)
        /// Neither is more.
        case atMost(Int)
    }

    /// Everything that was compared.
    package private(set) var rows: [Row] = []
    /// Why figures were not compared; nil when they were.
    package let figuresNote: String?

    let committed: ContractDocument
    let measured: ContractDocument

    /// Compares everything that `measured` has.
    package init(committed: ContractDocument, measured: ContractDocument) {
        self.committed = committed
        self.measured = measured
        let isSame = committed.measuredWith == measured.measuredWith
        figuresNote =
            isSame
            ? nil
            : "figures are not compared, only limits: the document was measured with "
                + "\(committed.measuredWith.differences(from: measured.measuredWith)), "
                + "this is \(measured.measuredWith.differences(from: committed.measuredWith))"
        compareConstants()
        compareNames()
        addLimits()
        if isSame { compareFigures() }
    }

    /// The rows that break the contract.
    package var brokenRows: [Row] { rows.filter(\.isBroken) }

    mutating func add(_ name: String, _ committed: Int?, _ measured: Int?, _ rule: Rule) {
        rows.append(Row(name: name, committed: committed, measured: measured, rule: rule))
    }
}

extension ContractComparison {
    /// What is in the code as well.
    private mutating func compareConstants() {
        add("schema_version", committed.schemaVersion, measured.schemaVersion, .within(0))
        add("sample_count", committed.sampleCount, measured.sampleCount, .within(0))
        for (ours, theirs) in zip(committed.caps.named, measured.caps.named) {
            add("caps.\(ours.name)", ours.value, theirs.value, .within(0))
        }
        for (ours, theirs) in zip(committed.tolerances.named, measured.tolerances.named) {
            add("tolerances.\(ours.name)", ours.value, theirs.value, .within(0))
        }
    }

    /// Whether each state and each end is there, once on either side.
    private mutating func compareNames() {
        compare(committed.states.map(\.state), measured.states.map(\.state), in: "states")
        compare(committed.returnTimes.map(\.cause), measured.returnTimes.map(\.cause), in: "return_times")
        if let resident = measured.resident {
            compare(committed.resident?.states.map(\.state) ?? [], resident.states.map(\.state), in: "resident")
        }
    }

    private mutating func compare(_ committed: [String], _ measured: [String], in section: String) {
        func count(_ name: String, in names: [String]) -> Int? {
            let count = names.count { $0 == name }
            return count == 0 ? nil : count
        }
        for name in Set(committed + measured).sorted() {
            add("\(section).\(name)", count(name, in: committed), count(name, in: measured), .within(0))
        }
    }
}

// MARK: - Figures

extension ContractComparison {
    private mutating func compareFigures() {
        for ours in committed.states {
            guard let theirs = measured.states.first(where: { $0.state == ours.state }) else { continue }
            for memoryClass in MemoryClass.allCases {
                compare(ours[memoryClass], theirs[memoryClass], in: "states.\(ours.state).\(memoryClass.rawValue)")
            }
            compare(ours.total, theirs.total, in: "states.\(ours.state).total")
        }
        for ours in committed.returnTimes {
            guard let theirs = measured.returnTimes.first(where: { $0.cause == ours.cause }) else { continue }
            let name = "return_times.\(ours.cause).milliseconds"
            add(name, ours.milliseconds, theirs.milliseconds, .within(measured.tolerances.milliseconds))
        }
        if let ours = committed.resident, let theirs = measured.resident { compare(ours, theirs) }
    }

    private mutating func compare(_ ours: MemoryFigures?, _ theirs: MemoryFigures?, in section: String) {
        let tolerances = measured.tolerances
        let blocks = ours?.liveBlocks ?? 0
        // What is empty has to stay empty.
        let bytes = blocks == 0 ? 0 : max(tolerances.liveBytesLeast, tolerances.liveBytesPerBlock * blocks)
        let peak = max(tolerances.liveBytesLeast, (ours?.peakBytes ?? 0) * tolerances.peakPercent / 100)
        add("\(section).live_bytes", ours?.liveBytes, theirs?.liveBytes, .within(bytes))
        add("\(section).live_blocks", ours?.liveBlocks, theirs?.liveBlocks, .within(tolerances.liveBlocks))
        add("\(section).peak_bytes", ours?.peakBytes, theirs?.peakBytes, .within(peak))
    }

    private mutating func compare(_ ours: ResidentFigures, _ theirs: ResidentFigures) {
        let tolerances = measured.tolerances
        add("resident.connections", ours.connections, theirs.connections, .within(0))
        add("resident.kept_bytes", ours.keptBytes, theirs.keptBytes, .within(tolerances.residentKeptBytes))
        for (state, _) in ResidentFigures.bytesLimits {
            let (our, their) = (ours[state], theirs[state])
            func tolerance(_ bytes: Int?) -> Int {
                max((bytes ?? 0) * tolerances.residentPercent / 100, tolerances.residentKeptBytes / ours.connections)
            }
            let name = "resident.\(state.rawValue)"
            add(
                "\(name).resident_bytes",
                our?.residentBytes,
                their?.residentBytes,
                .within(tolerance(our?.residentBytes))
            )
            let ledger = (our?.totalLedgerBytes, their?.totalLedgerBytes)
            add("\(name).ledger_bytes", ledger.0, ledger.1, .within(tolerance(ledger.0)))
        }
    }
}

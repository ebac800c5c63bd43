import TextValues

/// A run's progress as rows of a table, for a terminal: as many columns as it has room for, the telling ones first.
public struct ProgressTable: Sendable {
    /// What there is to show beside connections.
    public struct Contents: OptionSet, Sendable {
        /// Messages that come back.
        public static let echoes = Contents(rawValue: 1)
        /// What the target's ledger counts.
        public static let ledger = Contents(rawValue: 2)
        /// The target's RSS.
        public static let memory = Contents(rawValue: 4)

        /// The bits.
        public let rawValue: Int

        /// Contents of these bits.
        public init(rawValue: Int) {
            self.rawValue = rawValue
        }
    }

    private struct Column: Sendable {
        let title: String
        let width: Int
        /// The columns of the lowest ranks stay where there is little room.
        let rank: Int
        var needs: Contents = []
        let cell: @Sendable (LoadProgress) -> String?
    }

    private let columns: [Column]

    /// A table with these contents in at most `width` characters.
    public init(_ contents: Contents, width: Int) {
        let known = Self.all.enumerated().filter { $0.element.needs.isSubset(of: contents) }
        var room = width + 1
        var kept: Set<Int> = []
        for (index, column) in known.sorted(by: { $0.element.rank < $1.element.rank }) where column.width < room {
            room -= column.width + 1
            kept.insert(index)
        }
        columns = known.filter { kept.contains($0.offset) }.map(\.element)
    }

    /// The names of the columns.
    public var header: String { line(columns.map(\.title)) }

    /// One row.
    public func row(_ progress: LoadProgress) -> String { line(columns.map { $0.cell(progress) ?? "-" }) }

    private func line(_ cells: [String]) -> String {
        zip(columns, cells).map { column, cell in
            String(repeating: " ", count: max(0, column.width - cell.count)) + cell
        }
        .joined(separator: " ")
    }

    private static let all: [Column] = [
        Column(title: "time", width: 7, rank: 0) { "\(DecimalText.format($0.elapsed.fractionalSeconds, places: 1)) s" },
        Column(title: "dialing", width: 7, rank: 4) { "\($0.dialing)" },
        Column(title: "open", width: 7, rank: 1) { "\($0.holding)" },
        Column(title: "closing", width: 7, rank: 13) { "\($0.closing)" },
        Column(title: "done", width: 7, rank: 10) { "\($0.finished)" },
        Column(title: "failed", width: 6, rank: 2) { "\($0.failed)" },
        Column(title: "hs/s", width: 6, rank: 3) { rate($0.sample?.handshakesPerSecond) },
        Column(title: "hs p50", width: 7, rank: 11) { latency($0.sample?.handshake?.p50) },
        Column(title: "hs p99", width: 7, rank: 6) { latency($0.sample?.handshake?.p99) },
        Column(title: "echo/s", width: 6, rank: 8, needs: .echoes) { rate($0.sample?.echoesPerSecond) },
        Column(title: "echo p50", width: 8, rank: 12, needs: .echoes) { latency($0.sample?.echo?.p50) },
        Column(title: "echo p99", width: 8, rank: 9, needs: .echoes) { latency($0.sample?.echo?.p99) },
        Column(title: "ledger", width: 9, rank: 7, needs: .ledger) { bytes($0.sample?.ledgerBytes) },
        Column(title: "RSS", width: 9, rank: 5, needs: .memory) { bytes($0.sample?.residentBytes) },
    ]

    private static func rate(_ perSecond: Double?) -> String? { perSecond.map { DecimalText.format($0, places: 0) } }

    private static func latency(_ microseconds: UInt64?) -> String? {
        microseconds.map { LatencyText.format(microseconds: Double($0)) }
    }

    private static func bytes(_ count: Int?) -> String? { count.map { ByteCountText.readable($0) } }
}

/// The memory of a server at one moment, as far as it is known. Nil is not zero: nil was not measured.
public struct MemoryReading: Sendable, Equatable, Codable {
    /// RSS, in bytes.
    public var residentBytes: Int?
    /// PSS, in bytes.
    public var proportionalBytes: Int?
    /// Private pages that were written, in bytes.
    public var privateDirtyBytes: Int?
    /// What a control group has that no file backs, in bytes.
    public var controlGroupBytes: Int?
    /// What the heap has handed out, in bytes.
    public var heapInUseBytes: Int?
    /// What the server's ledger counts, in bytes by class.
    public var ledgerBytes: [String: Int]?
    /// Open file descriptors.
    public var descriptors: Int?
    /// Threads.
    public var threads: Int?

    private enum CodingKeys: String, CodingKey {
        case residentBytes = "resident_bytes"
        case proportionalBytes = "proportional_bytes"
        case privateDirtyBytes = "private_dirty_bytes"
        case controlGroupBytes = "control_group_bytes"
        case heapInUseBytes = "heap_in_use_bytes"
        case ledgerBytes = "ledger_bytes"
        case descriptors
        case threads
    }

    /// Nothing measured, unless told otherwise.
    public init(
        residentBytes: Int? = nil,
        proportionalBytes: Int? = nil,
        privateDirtyBytes: Int? = nil,
        controlGroupBytes: Int? = nil,
        heapInUseBytes: Int? = nil,
        ledgerBytes: [String: Int]? = nil,
        descriptors: Int? = nil,
        threads: Int? = nil
    ) {
        self.residentBytes = residentBytes
        self.proportionalBytes = proportionalBytes
        self.privateDirtyBytes = privateDirtyBytes
        self.controlGroupBytes = controlGroupBytes
        self.heapInUseBytes = heapInUseBytes
        self.ledgerBytes = ledgerBytes
        self.descriptors = descriptors
        self.threads = threads
    }

    /// The bytes of one measure; nil when it was not taken.
    public subscript(measure: MemoryMeasure) -> Int? {
        switch measure {
        case .ledger: ledgerBytes.map { $0.values.reduce(0, +) }
        case .heapInUse: heapInUseBytes
        case .privateDirty: privateDirtyBytes
        case .proportional: proportionalBytes
        case .resident: residentBytes
        case .controlGroup: controlGroupBytes
        }
    }

    /// The RSS; of a control group, which has none, what no file backs.
    public var residentOrGroupBytes: Int? { residentBytes ?? controlGroupBytes }

    /// Adds what a server says of itself: its heap and its ledger, and its RSS where that is not known from elsewhere.
    public mutating func add(_ snapshot: ServerSnapshot) {
        residentBytes = residentBytes ?? snapshot.process.residentBytes
        heapInUseBytes = snapshot.process.heapInUseBytes
        let classes = LedgerSnapshot.Classes.all.map { ($0.name, snapshot.ledger.classes[keyPath: $0.usage].liveBytes) }
        ledgerBytes = Dictionary(uniqueKeysWithValues: classes)
    }
}

extension MemoryReading: Maximizable {
    /// Raises every number that is higher in `other`, and adds those that are not known here.
    public mutating func formMaximum(with other: MemoryReading) {
        residentBytes = Self.highest(residentBytes, other.residentBytes)
        proportionalBytes = Self.highest(proportionalBytes, other.proportionalBytes)
        privateDirtyBytes = Self.highest(privateDirtyBytes, other.privateDirtyBytes)
        controlGroupBytes = Self.highest(controlGroupBytes, other.controlGroupBytes)
        heapInUseBytes = Self.highest(heapInUseBytes, other.heapInUseBytes)
        ledgerBytes = ledgerBytes?.merging(other.ledgerBytes ?? [:], uniquingKeysWith: max) ?? other.ledgerBytes
        descriptors = Self.highest(descriptors, other.descriptors)
        threads = Self.highest(threads, other.threads)
    }

    private static func highest(_ first: Int?, _ second: Int?) -> Int? {
        guard let first, let second else { return first ?? second }
        return max(first, second)
    }
}

import Synchronization

/// The bytes that all connections of a process may hold together.
///
/// Workers take from it in chunks through a ``MemoryShare`` each, so that no packet touches a counter that other threads
/// write. A connection is charged its *floor* from admission to release, and *borrows* what it holds above that.
///
/// The receive windows that peers were told of are promises of memory, not memory: they are *committed*. Committed bytes
/// may exceed the limit by ``overcommitment``, because the marks of ``MemoryPressure`` stop peers from using all of them.
///
/// Bound: ``takenBytes`` ≤ ``bytesLimit`` as far as allocations can be refused; those of TLS and of tables cannot, and
/// have `headroomBytes` for themselves.
public final class MemoryBudget: Sendable {
    /// The share of the limit, in percent, from which on nobody borrows more.
    public static let growthPercent = 85
    /// The share from which on windows shrink to their initial size.
    public static let shrinkPercent = 90
    /// The share from which on no connection is admitted and datagrams of larger borrowers are dropped.
    public static let shedPercent = 95

    /// The bytes a connection may borrow at ``shedPercent`` before its datagrams are dropped: an echo of a few kilobytes,
    /// packets and their records on both sides.
    static let fullGraceBytes = 20 << 10

    /// The bytes that may be held; `.max` for any number.
    public let bytesLimit: Int
    /// How many times the limit may be promised to peers as receive windows; 1 in strict mode, in which promised bytes
    /// count as held.
    public let overcommitment: Int
    /// The bytes a worker takes or gives back at once.
    let chunkBytes: Int
    /// The bytes that allocations which can be refused leave to those which cannot.
    let headroomBytes: Int
    /// The bytes that may be promised to peers as receive windows.
    private let committableLimit: Int

    private let taken = Atomic(0)
    private let committed = Atomic(0)
    private let peak = Atomic(0)

    /// - Parameters:
    ///   - bytesLimit: The bytes that may be held, at least 1; `.max` for any number.
    ///   - overcommitment: How many times the limit may be promised as receive windows, at least 1. Default 4.
    public init(bytesLimit: Int = .max, overcommitment: Int = 4) {
        precondition(bytesLimit > 0 && overcommitment >= 1)
        self.bytesLimit = bytesLimit
        self.overcommitment = overcommitment
        chunkBytes = min(256 << 10, max(4 << 10, bytesLimit / 256))
        headroomBytes = bytesLimit == .max ? 0 : bytesLimit / 64
        let growthBytes = bytesLimit / 100 * Self.growthPercent
        let (promised, overflow) = growthBytes.multipliedReportingOverflow(by: overcommitment)
        committableLimit = overflow ? .max : promised
    }

    /// The bytes workers have taken: the floors of connections, what they borrowed, tables, and at most two chunks a worker
    /// in reserve.
    public var takenBytes: Int { taken.load(ordering: .relaxed) }

    /// The most bytes taken at once.
    public var peakTakenBytes: Int { peak.load(ordering: .relaxed) }

    /// The bytes promised to peers as receive windows above the initial ones.
    public var committedBytes: Int { committed.load(ordering: .relaxed) }

    /// How close the process is to the limit: by ``takenBytes``, and in strict mode by the promised ones as well.
    public var pressure: MemoryPressure { pressure(at: countedBytes) }

    /// The bytes that count as held.
    private var countedBytes: Int { overcommitment == 1 ? takenBytes + committedBytes : takenBytes }

    private func pressure(at bytes: Int) -> MemoryPressure {
        if bytes < mark(Self.growthPercent) { return .none }
        if bytes < mark(Self.shrinkPercent) { return .noGrowth }
        return bytes < mark(Self.shedPercent) ? .shrinking : .shedding
    }

    /// The bytes that are a share of the limit.
    private func mark(_ percent: Int) -> Int {
        bytesLimit == .max ? .max : bytesLimit / 100 * percent
    }

    /// The bytes that may be borrowed before nobody borrows more.
    var borrowableBytes: Int {
        bytesLimit == .max ? .max : max(0, mark(Self.growthPercent) - countedBytes)
    }

    /// The bytes a connection may borrow before its datagrams are dropped: at ``shedPercent`` ``fullGraceBytes``, and less the
    /// less there is, down to nothing where allocations are refused.
    ///
    /// So those who hold little go on where those who hold much have used the memory up, however many they are.
    var graceBytes: Int {
        let shedBytes = mark(Self.shedPercent)
        guard countedBytes > shedBytes else { return Self.fullGraceBytes }
        let (left, span) = (max(0, bytesLimit - headroomBytes - countedBytes), bytesLimit - headroomBytes - shedBytes)
        return Int(Double(Self.fullGraceBytes) * Double(left) / Double(max(1, span)))
    }

    /// The bytes that may still be promised to peers as receive windows.
    var committableBytes: Int {
        if bytesLimit == .max { return .max }
        return overcommitment == 1 ? borrowableBytes : max(0, committableLimit - committedBytes)
    }
}

// MARK: - Workers

extension MemoryBudget {
    /// Takes `bytes` unless that exceeds the limit.
    func take(_ bytes: Int) -> Bool {
        let limit = bytesLimit - headroomBytes
        var before = taken.load(ordering: .relaxed)
        while bytes <= limit - before {
            let (isExchanged, original) = taken.weakCompareExchange(
                expected: before,
                desired: before + bytes,
                ordering: .relaxed
            )
            if isExchanged {
                notePeak(before + bytes)
                return true
            }
            before = original
        }
        return false
    }

    /// Takes `bytes` whatever the limit is: they are held already.
    func takeHeld(_ bytes: Int) {
        notePeak(taken.add(bytes, ordering: .relaxed).newValue)
    }

    func giveBack(_ bytes: Int) {
        let (before, after) = taken.subtract(bytes, ordering: .relaxed)
        precondition(after >= 0 && before >= bytes, "more memory given back than was taken")
    }

    /// Adds to the bytes promised to peers, or takes away.
    func commit(_ bytes: Int) {
        let sum = committed.add(bytes, ordering: .relaxed).newValue
        precondition(sum >= 0, "more receive windows withdrawn than were committed")
    }

    private func notePeak(_ bytes: Int) {
        if bytes > peak.load(ordering: .relaxed) { peak.max(bytes, ordering: .relaxed) }
    }
}

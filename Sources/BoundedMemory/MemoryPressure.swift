/// How close a process is to its memory limit, and so how much its connections may still do.
public enum MemoryPressure: Int, Sendable, Comparable, CaseIterable {
    /// Connections may borrow.
    case none
    /// From ``MemoryBudget/growthPercent`` on: nobody borrows more.
    case noGrowth
    /// From ``MemoryBudget/shrinkPercent`` on: no credit is given until windows are back at their initial size.
    case shrinking
    /// From ``MemoryBudget/shedPercent`` on: no connection is admitted, and datagrams of connections that hold more than
    /// their floor and ``MemoryShare/graceBytes`` are dropped before they cost memory.
    case shedding

    /// The name in statistics, in snake case.
    public var label: String {
        switch self {
        case .none: "none"
        case .noGrowth: "no_growth"
        case .shrinking: "shrinking"
        case .shedding: "shedding"
        }
    }

    /// Whether `one` leaves connections more than `other`.
    public static func < (one: MemoryPressure, other: MemoryPressure) -> Bool { one.rawValue < other.rawValue }
}

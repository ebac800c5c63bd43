/// A way to measure how much memory a server has.
public enum MemoryMeasure: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    /// Bytes that the server's own ledger counts for connections.
    case ledger
    /// Bytes that the heap has handed out and not got back.
    case heapInUse = "heap_in_use"
    /// Private_Dirty of `smaps_rollup`: pages that belong to this process alone and were written.
    case privateDirty = "private_dirty"
    /// PSS: resident pages, those shared with other processes counted in part.
    case proportional
    /// RSS: resident pages.
    case resident
    /// Memory of a control group that is not backed by files, of all its processes.
    case controlGroup = "control_group"

    /// Whether this counts live bytes only. The others count pages, and with them what an allocator keeps for later.
    public var isLive: Bool {
        switch self {
        case .ledger, .heapInUse: true
        case .privateDirty, .proportional, .resident, .controlGroup: false
        }
    }

    /// By how much the measure may be off, up or down, while a server holds the same: in bytes, at least.
    ///
    /// Pages come and go in an allocator's steps and with whatever else the process does: the RSS of nginx and quinn
    /// moves by about 1 MiB between cycles that leave nothing behind. Where it moves by more, the points themselves
    /// show it.
    public var noiseBytes: Int {
        switch self {
        case .ledger: 0
        case .heapInUse: 32 << 10
        case .privateDirty, .proportional, .resident, .controlGroup: 1 << 20
        }
    }

    /// What tables and sentences call it.
    public var title: String {
        switch self {
        case .ledger: "ledger"
        case .heapInUse: "heap in use"
        case .privateDirty: "private dirty"
        case .proportional: "PSS"
        case .resident: "RSS"
        case .controlGroup: "cgroup"
        }
    }
}

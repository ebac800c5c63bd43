/// One worker's part of a ``MemoryBudget``: taken in chunks, and given back when two of them are unused.
///
/// It is touched by its worker only.
///
/// Owns: `grantedBytes` of the budget. Released by: `giveBack(_:)`, and `deinit`. Bound: what is used, and two chunks.
public final class MemoryShare {
    /// The budget of the process.
    public let budget: MemoryBudget
    /// The bytes in use: floors, what is borrowed above them, and what belongs to no connection.
    @safe @exclusivity(unchecked) public private(set) var usedBytes = 0
    /// The bytes of receive windows above the initial ones that this worker's peers were told of.
    @safe @exclusivity(unchecked) public private(set) var committedBytes = 0
    /// The bytes taken from the budget.
    @safe @exclusivity(unchecked) private var grantedBytes = 0
    /// How close the process is to its limit, as of ``refresh()``.
    public var pressure: MemoryPressure { currentPressure }
    /// The bytes a connection may borrow before its datagrams are dropped, where ``pressure`` is
    /// ``MemoryPressure/shedding``, as of ``refresh()``.
    public private(set) var graceBytes = 0
    /// The bytes of the process that may be borrowed, as of ``refresh()``.
    public var borrowableBytes: Int { currentlyBorrowableBytes }

    // Not checked, as those above: one thread uses a share, and nothing here calls out while it changes them. Behind getters, since other
    // modules check what they see stored.
    @safe @exclusivity(unchecked) private var currentPressure = MemoryPressure.none
    @safe @exclusivity(unchecked) private var currentlyBorrowableBytes = Int.max

    /// A share that has taken nothing.
    public init(budget: MemoryBudget) {
        self.budget = budget
        refresh()
    }

    deinit {
        budget.giveBack(grantedBytes)
        budget.commit(-committedBytes)
    }

    /// Looks at the budget again. A worker does so once a tick, and whenever it takes a chunk.
    public func refresh() {
        currentPressure = budget.pressure
        currentlyBorrowableBytes = budget.borrowableBytes
        if pressure == .shedding { graceBytes = budget.graceBytes }
    }

    /// Makes sure that `bytes` more can be used; false when the budget has none left.
    @inline(__always)
    func hasRoom(for bytes: Int) -> Bool {
        bytes <= grantedBytes - usedBytes || takeChunk(for: bytes)
    }

    /// Uses `bytes` more, whatever the limit is: they are held already, or promised.
    @inline(__always)
    func use(_ bytes: Int) {
        usedBytes += bytes
        if usedBytes > grantedBytes { takeHeld() }
    }

    /// Uses `bytes` less.
    @inline(__always)
    func giveBack(_ bytes: Int) {
        usedBytes -= bytes
        precondition(usedBytes >= 0, "more memory given back than was used")
        if grantedBytes - usedBytes > 2 * budget.chunkBytes || usedBytes == 0 { returnChunks() }
    }

    /// Whether the process is not so close to its limit that no connection is admitted.
    public var admitsConnection: Bool { pressure < .shedding }

    /// The bytes one more window may grow by, for a peer that was told of `ownBytes` above its initial windows.
    ///
    /// No borrower has more than is left for the others: with n of them each gets one part in n + 1, and one part stays
    /// free for those to come. (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches",
    /// IEEE/ACM Transactions on Networking 6(2), 1998; α = 1.)
    package func admitsCommitment(of bytes: Int, beside ownBytes: Int) -> Bool {
        pressure == .none && ownBytes + bytes <= budget.committableBytes - bytes
    }

    /// Adds to the bytes promised to peers, or takes away.
    package func commit(_ bytes: Int) {
        guard bytes != 0 else { return }
        committedBytes += bytes
        precondition(committedBytes >= 0)
        budget.commit(bytes)
    }

    @inline(never)
    private func takeChunk(for bytes: Int) -> Bool {
        let missing = usedBytes + bytes - grantedBytes
        defer { refresh() }
        // A whole chunk first; near the limit as little as it needs.
        for wanted in [max(missing, budget.chunkBytes), missing] where budget.take(wanted) {
            grantedBytes += wanted
            return true
        }
        return false
    }

    @inline(never)
    private func takeHeld() {
        let missing = usedBytes - grantedBytes
        if budget.take(max(missing, budget.chunkBytes)) {
            grantedBytes += max(missing, budget.chunkBytes)
        } else {
            budget.takeHeld(missing)
            grantedBytes += missing
        }
        refresh()
    }

    @inline(never)
    private func returnChunks() {
        let keptBytes = usedBytes == 0 ? 0 : usedBytes + budget.chunkBytes
        budget.giveBack(grantedBytes - keptBytes)
        grantedBytes = keptBytes
    }
}

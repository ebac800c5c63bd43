/// The pages of a process, added up by the kernel: `/proc/PID/smaps_rollup`. All in bytes. proc_pid_smaps(5).
public struct SmapsRollup: Sendable, Equatable, Codable {
    /// `Rss`: resident pages.
    public let residentBytes: Int
    /// `Pss`: resident pages, each divided by the number of processes that share it.
    public let proportionalBytes: Int
    /// `Private_Dirty`: pages of this process alone that were written.
    public let privateDirtyBytes: Int
    /// `Anonymous`: pages that no file backs, shared ones included.
    public let anonymousBytes: Int
    /// `Swap`: what would be anonymous and is in swap, where it counts as neither resident nor dirty.
    public let swapBytes: Int

    private enum CodingKeys: String, CodingKey {
        case residentBytes = "resident_bytes"
        case proportionalBytes = "proportional_bytes"
        case privateDirtyBytes = "private_dirty_bytes"
        case anonymousBytes = "anonymous_bytes"
        case swapBytes = "swap_bytes"
    }

    /// Reads the file's text; lines that are not named here are ignored.
    ///
    /// - Throws: ``KernelTextError`` naming the field that is missing or is not a number of kB.
    public init(text: String) throws(KernelTextError) {
        let fields = KernelText(text, file: "smaps_rollup", separator: ":")
        residentBytes = try fields.kilobytes("Rss")
        proportionalBytes = try fields.kilobytes("Pss")
        privateDirtyBytes = try fields.kilobytes("Private_Dirty")
        anonymousBytes = try fields.kilobytes("Anonymous")
        swapBytes = try fields.kilobytes("Swap")
    }
}

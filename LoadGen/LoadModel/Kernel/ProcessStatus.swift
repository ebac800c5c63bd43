/// What the kernel says of a process in `/proc/PID/status`. proc_pid_status(5).
public struct ProcessStatus: Sendable, Equatable, Codable {
    /// `VmRSS`: resident pages, in bytes. The kernel's count may lag behind by some pages; that of ``SmapsRollup``
    /// does not.
    public let residentBytes: Int
    /// `VmHWM`: the most bytes that were ever resident.
    public let peakResidentBytes: Int
    /// `Threads`.
    public let threads: Int

    private enum CodingKeys: String, CodingKey {
        case residentBytes = "resident_bytes"
        case peakResidentBytes = "peak_resident_bytes"
        case threads
    }

    /// Reads the file's text; lines that are not named here are ignored.
    ///
    /// - Throws: ``KernelTextError`` naming the field that is missing or says something unexpected. A process that has
    ///   ended and was not waited for has no `VmRSS`.
    public init(text: String) throws(KernelTextError) {
        let fields = KernelText(text, file: "status", separator: ":")
        residentBytes = try fields.kilobytes("VmRSS")
        peakResidentBytes = try fields.kilobytes("VmHWM")
        threads = try fields.number("Threads")
    }
}

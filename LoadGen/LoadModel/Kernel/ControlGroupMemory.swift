/// The memory of a control group (cgroup v2), of all its processes together. All in bytes. Linux,
/// admin-guide/cgroup-v2.
public struct ControlGroupMemory: Sendable, Equatable, Codable {
    /// `memory.current`: everything that counts against the group's limit, cached files included.
    public let currentBytes: Int
    /// `anon` of `memory.stat`: what no file backs.
    public let anonymousBytes: Int
    /// `file`: cached files, shared memory included.
    public let fileBytes: Int
    /// `sock`: buffers of sockets.
    public let socketBytes: Int
    /// `slab`: the kernel's own objects, such as sockets and open files.
    public let slabBytes: Int

    private enum CodingKeys: String, CodingKey {
        case currentBytes = "current_bytes"
        case anonymousBytes = "anonymous_bytes"
        case fileBytes = "file_bytes"
        case socketBytes = "socket_bytes"
        case slabBytes = "slab_bytes"
    }

    /// Reads the texts of the files `memory.current` and `memory.stat` of a group's folder.
    ///
    /// - Throws: ``KernelTextError`` naming the file, and the field that is missing or is not a number.
    public init(current: String, stat: String) throws(KernelTextError) {
        currentBytes = try Self.bytes(in: current, file: "memory.current")
        let fields = KernelText(stat, file: "memory.stat", separator: " ")
        anonymousBytes = try fields.number("anon")
        fileBytes = try fields.number("file")
        socketBytes = try fields.number("sock")
        slabBytes = try fields.number("slab")
    }

    /// The limit in the text of `memory.max`; nil when it says `max`, which is none.
    ///
    /// - Throws: ``KernelTextError`` when it says something else that is not a number.
    public static func limitBytes(in text: String) throws(KernelTextError) -> Int? {
        KernelText.trimmed(text[...]) == "max" ? nil : try bytes(in: text, file: "memory.max")
    }

    private static func bytes(in text: String, file: String) throws(KernelTextError) -> Int {
        let value = KernelText.trimmed(text[...])
        guard let count = KernelText.number(value) else {
            throw KernelTextError(file: file, field: file, problem: "is \"\(value)\", not a number")
        }
        return count
    }
}

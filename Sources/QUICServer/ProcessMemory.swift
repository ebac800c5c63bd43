import CShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the whole process takes, to hold against what its connections are charged for.
public struct ProcessMemory: Hashable, Sendable {
    /// Bytes of memory resident in RAM (RSS); 0 where `/proc` cannot be read.
    public let residentBytes: Int
    /// Bytes in heap blocks that were handed out and not yet freed.
    public let heapInUseBytes: Int

    /// What it takes at this moment; reads one file of `/proc` and walks the allocator's arenas.
    public static func current() -> ProcessMemory {
        ProcessMemory(
            residentBytes: (residentPages(in: statusText()) ?? 0) * sysconf(Int32(_SC_PAGESIZE)),
            heapInUseBytes: Int(clamping: qh_heap_in_use())
        )
    }

    /// The second number of `/proc/self/statm`: total, resident, shared … in pages. proc(5).
    private static func residentPages(in text: [UInt8]) -> Int? {
        let fields = text.split(separator: UInt8(ascii: " "))
        return fields.count > 1 ? Int(String(decoding: fields[1], as: UTF8.self)) : nil
    }

    private static func statusText() -> [UInt8] {
        let file = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        return unsafe [UInt8](unsafeUninitializedCapacity: 128) { buffer, count in
            count = unsafe max(0, read(file, buffer.baseAddress, buffer.count))
        }
    }
}

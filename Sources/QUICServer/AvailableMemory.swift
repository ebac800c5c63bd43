#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How much memory this process could use at most.
enum AvailableMemory {
    /// The machine's memory, or the control group's limit where that is less, in bytes.
    static var bytes: Int {
        let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        guard let limit = controlGroupLimit, limit < machine else { return machine }
        return limit
    }

    /// The limit of the control group (version 2) this process sees as its root; nil for none.
    private static var controlGroupLimit: Int? {
        guard let file = unsafe fopen("/sys/fs/cgroup/memory.max", "r") else { return nil }
        defer { unsafe fclose(file) }
        var text = [CChar](repeating: 0, count: 32)
        guard unsafe fgets(&text, Int32(text.count), file) != nil else { return nil }
        let digits = text.prefix { $0 >= 48 && $0 <= 57 }.map { UInt8($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}

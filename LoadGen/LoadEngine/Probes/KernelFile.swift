import LoadModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Files and folders in which the kernel says how things are.
enum KernelFile {
    /// What the system said when it refused to show a file.
    struct Refusal: Error {
        let path: String
        let code: Int32

        /// Whether what the file speaks of is not there.
        var isAbsence: Bool { [ENOENT, ESRCH, ENODEV, ENOTDIR].contains(code) }

        /// The path and the reason, for people.
        var sentence: String {
            guard code == EACCES || code == EPERM else { return "\(path): \(unsafe String(cString: strerror(code)))" }
            return "no permission to read \(path): run as the user it belongs to, or as root"
        }
    }

    /// The whole text of the file at `path`.
    static func text(_ path: String) throws(Refusal) -> String {
        let descriptor = openFile(path)
        guard descriptor >= 0 else { throw Refusal(path: path, code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw Refusal(path: path, code: errno)
            }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk.prefix(count)
        }
    }

    /// The names in the folder at `path`, without `.` and `..`.
    static func names(in path: String) throws(Refusal) -> [String] {
        guard let folder = unsafe opendir(path) else { throw Refusal(path: path, code: errno) }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Where the symbolic link at `path` points; nil when it is none or is gone.
    static func destination(of path: String) -> String? {
        var characters = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &characters, characters.count)
        return count < 0 ? nil : String(decoding: characters.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private func openFile(_ path: String) -> Int32 {
    unsafe open(path, O_RDONLY | O_CLOEXEC)
}

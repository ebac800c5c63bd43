#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file that was named and cannot be read.
struct UnreadableFile: Error, CustomStringConvertible {
    let description: String

    /// Throws unless `path` is there and may be read.
    static func check(_ path: String) throws(UnreadableFile) {
        guard unsafe access(path, R_OK) != 0 else { return }
        throw UnreadableFile(description: "cannot read \(path): \(SystemError.current())")
    }
}

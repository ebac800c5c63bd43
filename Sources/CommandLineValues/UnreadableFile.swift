#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file that was named and cannot be read. The TLS library's error would not say which of two files it is.
public struct UnreadableFile: Error, CustomStringConvertible {
    /// The file, and the system's reason.
    public let description: String

    /// Throws unless `path` is there and may be read.
    public static func check(_ path: String) throws(UnreadableFile) {
        guard unsafe access(path, R_OK) != 0 else { return }
        throw UnreadableFile(description: "cannot read \(path): \(unsafe String(cString: strerror(errno)))")
    }
}

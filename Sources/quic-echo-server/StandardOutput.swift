#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Standard output, on which others wait for lines.
enum StandardOutput {
    /// Writes `line` at once, even into a pipe or a file.
    static func write(line: String) {
        print(line)
        fflush(nil)
    }
}

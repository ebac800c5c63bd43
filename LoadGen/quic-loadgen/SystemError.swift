#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the system said when it refused a call.
struct SystemError: Error, CustomStringConvertible {
    let description: String

    /// The error `errno` names.
    static func current() -> SystemError {
        SystemError(description: unsafe String(cString: strerror(errno)))
    }
}

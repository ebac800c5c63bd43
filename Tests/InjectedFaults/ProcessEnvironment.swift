import Glibc

/// The environment of this process: how negative controls and faults are chosen.
enum ProcessEnvironment {
    /// The value of the variable `name`; nil where it is not set.
    static func value(of name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

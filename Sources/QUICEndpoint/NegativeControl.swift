#if NEGATIVE_CONTROLS
import Glibc

/// Ways to break the memory promise on purpose, so that tests see their checks fail. docs/testing.md lists them.
///
/// Compiled in only with the package trait `NegativeControls`; chosen by the environment variable
/// `QUICHARNESS_NEGATIVE_CONTROL`.
enum NegativeControl {
    /// Closed connections stay in a collection that nothing clears, with their routes.
    static let keepsClosedConnections = chosen == "keep-closed-connections"

    private static let chosen = unsafe getenv("QUICHARNESS_NEGATIVE_CONTROL").map { unsafe String(cString: $0) }
}
#endif

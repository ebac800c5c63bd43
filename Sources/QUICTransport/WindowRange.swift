/// The sizes of a receive window: the one it begins with, and the one it may grow to.
public struct WindowRange: Sendable, Hashable, CustomStringConvertible {
    /// Bytes at first, and again when the window has been quiet.
    public var initialBytes: Int
    /// Bytes at most.
    public var maximumBytes: Int

    /// - Precondition: 1 ≤ `initialBytes` ≤ `maximumBytes` ≤ 4 GiB - 1.
    public init(initialBytes: Int, maximumBytes: Int) {
        precondition(initialBytes >= 1 && initialBytes <= maximumBytes, "a window grows from its initial size")
        precondition(maximumBytes <= UInt32.max, "a window has 32 bits")
        self.initialBytes = initialBytes
        self.maximumBytes = maximumBytes
    }

    /// A window that never grows.
    public static func fixed(_ bytes: Int) -> WindowRange {
        WindowRange(initialBytes: bytes, maximumBytes: bytes)
    }

    /// Both sizes in bytes: `65536..8388608`.
    public var description: String { "\(initialBytes)..\(maximumBytes)" }
}

import ArgumentParser
import TextValues

/// The sizes of a receive window on the command line: `64KiB..8MiB`, or `64KiB` for one that never grows.
public struct WindowArgument: Sendable, CustomStringConvertible {
    /// Bytes at first.
    public let initialBytes: Int
    /// Bytes at most.
    public let maximumBytes: Int

    /// The argument that says these sizes.
    public init(initialBytes: Int, maximumBytes: Int) {
        self.initialBytes = initialBytes
        self.maximumBytes = maximumBytes
    }

    /// The sizes `text` says; the error names what is accepted, beside the parser's naming of the value.
    public init(_ text: String) throws {
        let accepted = ValidationError("use a size, or an initial and a maximum size, such as 64KiB or 64KiB..8MiB")
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 1 || (parts.count == 3 && parts[1].isEmpty),
            let initial = try? ByteCountText.parse(parts[0]),
            let maximum = try? ByteCountText.parse(parts[parts.count - 1]),
            initial <= maximum
        else { throw accepted }
        initialBytes = initial
        maximumBytes = maximum
    }

    /// The sizes as they are written on the command line.
    public var description: String {
        let initial = ByteCountText.format(initialBytes)
        return initialBytes == maximumBytes ? initial : "\(initial)..\(ByteCountText.format(maximumBytes))"
    }
}

import ArgumentParser
import TextValues

/// A number of bytes on the command line: `64`, `64KiB`, `1MiB`, `1GiB`.
public struct ByteCountArgument: Sendable, CustomStringConvertible {
    /// How many bytes.
    public let count: Int

    /// The argument that says `count` bytes.
    public init(_ count: Int) {
        self.count = count
    }

    /// The number `text` says; the error names what is accepted, beside the parser's naming of the value.
    public init(_ text: String) throws {
        do {
            count = try ByteCountText.parse(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }

    /// The number as it is written on the command line.
    public var description: String { ByteCountText.format(count) }
}

import ArgumentParser
import LoadModel

/// A number of bytes on the command line: `64`, `64KiB`, `1MiB`, `1GiB`.
struct ByteCountArgument: Sendable, CustomStringConvertible {
    let count: Int

    init(_ count: Int) {
        self.count = count
    }

    /// The number `text` says; the error names what is accepted, beside the parser's naming of the value.
    init(_ text: String) throws {
        do {
            count = try ByteCountText.parse(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }

    var description: String { ByteCountText.format(count) }
}

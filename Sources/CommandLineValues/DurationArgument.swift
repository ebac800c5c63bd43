import ArgumentParser
import TextValues

/// A duration on the command line: `500ms`, `3s`, `2m`, `1h`.
public struct DurationArgument: Sendable, CustomStringConvertible {
    /// How long.
    public let duration: Duration

    /// The argument that says `duration`.
    public init(_ duration: Duration) {
        self.duration = duration
    }

    /// The duration `text` says; the error names what is accepted, beside the parser's naming of the value.
    public init(_ text: String) throws {
        do {
            duration = try DurationText.parse(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }

    /// The duration as it is written on the command line.
    public var description: String { DurationText.format(duration) }
}

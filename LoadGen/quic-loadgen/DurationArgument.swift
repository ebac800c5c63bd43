import ArgumentParser
import LoadModel

/// A duration on the command line: `500ms`, `3s`, `2m`, `1h`.
struct DurationArgument: Sendable, CustomStringConvertible {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    /// The duration `text` says; the error names what is accepted, beside the parser's naming of the value.
    init(_ text: String) throws {
        do {
            duration = try DurationText.parse(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }

    var description: String { DurationText.format(duration) }
}

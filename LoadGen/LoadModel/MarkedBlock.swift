/// The part of a document that a program writes, between two comments that a reader of the page does not see.
public struct MarkedBlock: Sendable {
    /// A document has no such part, or more than one.
    public struct Missing: Error, CustomStringConvertible {
        /// What is missing.
        public let description: String
    }

    private let begin: String
    private let end: String

    /// The part `name`, which `writer` writes.
    public init(_ name: String, writtenBy writer: String) {
        begin = "<!-- \(name): written by \(writer) -->"
        end = "<!-- \(name): end -->"
    }

    /// The table of docs/attacks.md.
    public static let attacks = MarkedBlock("attacks", writtenBy: "quic-loadgen abuse --all --markdown")

    /// The lines between the comments of `text`.
    ///
    /// - Throws: ``Missing``.
    public func content(of text: String) throws(Missing) -> String {
        let (lines, range) = try find(in: text)
        return lines[range].joined(separator: "\n")
    }

    /// `text` with other lines between its comments.
    ///
    /// - Throws: ``Missing``.
    public func replacing(contentOf text: String, with content: String) throws(Missing) -> String {
        var (lines, range) = try find(in: text)
        lines.replaceSubrange(range, with: content.split(separator: "\n", omittingEmptySubsequences: false))
        return lines.joined(separator: "\n")
    }

    private func find(in text: String) throws(Missing) -> (lines: [Substring], content: Range<Int>) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let begins = lines.indices.filter { lines[$0] == begin }
        let ends = lines.indices.filter { lines[$0] == end }
        guard begins.count == 1, ends.count == 1, begins[0] < ends[0] else {
            throw Missing(description: "there is not one line \(begin) and after it one line \(end)")
        }
        return (lines, begins[0] + 1..<ends[0])
    }
}

/// The part of a document that `scripts/memory-contract` writes, between two comments that a reader of the page does not see.
package enum MarkedBlock {
    /// A document has no such part, or more than one.
    package struct Missing: Error, CustomStringConvertible {
        /// What is missing.
        package var description: String {
            "there is not one line \(MarkedBlock.begin) and after it one line \(MarkedBlock.end)"
        }
    }

    static let begin = "<!-- memory-contract: written by scripts/memory-contract -->"
    static let end = "<!-- memory-contract: end -->"

    /// The lines between the comments of `text`.
    ///
    /// - Throws: ``Missing``.
    package static func content(of text: String) throws(Missing) -> String {
        let (lines, range) = try find(in: text)
        return lines[range].joined(separator: "\n")
    }

    /// `text` with other lines between its comments.
    ///
    /// - Throws: ``Missing``.
    package static func replacing(contentOf text: String, with content: String) throws(Missing) -> String {
        var (lines, range) = try find(in: text)
        lines.replaceSubrange(range, with: content.split(separator: "\n", omittingEmptySubsequences: false))
        return lines.joined(separator: "\n")
    }

    private static func find(in text: String) throws(Missing) -> (lines: [Substring], content: Range<Int>) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let begins = lines.indices.filter { lines[$0] == begin }
        let ends = lines.indices.filter { lines[$0] == end }
        guard begins.count == 1, ends.count == 1, begins[0] < ends[0] else { throw Missing() }
        return (lines, begins[0] + 1..<ends[0])
    }
}

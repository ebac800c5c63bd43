/// A text of the kernel with one field on each line, read field by field.
struct KernelText {
    private let file: String
    private let fields: [Substring: Substring]

    /// Reads `text`, a name and a value on each line.
    ///
    /// - Parameters:
    ///   - file: What errors call the text.
    ///   - separator: What stands between name and value.
    init(_ text: String, file: String, separator: Character) {
        self.file = file
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let end = line.firstIndex(of: separator) else { continue }
            fields[line[..<end]] = line[line.index(after: end)...]
        }
        self.fields = fields
    }

    /// The bytes of a field that the kernel writes as `884 kB`.
    func kilobytes(_ field: String) throws(KernelTextError) -> Int {
        let value = try value(field)
        let parts = value.split { $0 == " " || $0 == "\t" }
        guard parts.count == 2, parts[1] == "kB", let count = Self.number(parts[0]),
            case (let bytes, false) = count.multipliedReportingOverflow(by: 1_024)
        else { throw error(field, "is \"\(Self.trimmed(value))\", not a number of kB") }
        return bytes
    }

    /// The whole number of a field that has no unit.
    func number(_ field: String) throws(KernelTextError) -> Int {
        let value = Self.trimmed(try value(field))
        guard let count = Self.number(value) else { throw error(field, "is \"\(value)\", not a number") }
        return count
    }

    private func value(_ field: String) throws(KernelTextError) -> Substring {
        guard let value = fields[Substring(field)] else { throw error(field, "is missing") }
        return value
    }

    private func error(_ field: String, _ problem: String) -> KernelTextError {
        KernelTextError(file: file, field: field, problem: problem)
    }

    /// The number that `text` says in digits alone.
    static func number(_ text: Substring) -> Int? {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }

    /// `text` without white space around it.
    static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop(while: \.isWhitespace)
        return start.lastIndex(where: { !$0.isWhitespace }).map { start[...$0] } ?? ""
    }
}

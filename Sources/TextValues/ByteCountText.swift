/// Numbers of bytes as people write them: `64`, `64KiB`, `1MiB`, `1GiB`.
package enum ByteCountText {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// The number of bytes that `text` says.
    ///
    /// - Throws: ``TextValueError`` unless `text` is a whole number, alone or with `B`, `KiB`, `MiB` or `GiB`.
    package static func parse(_ text: String) throws(TextValueError) -> Int {
        guard let (number, name) = TextValueError.numberAndUnit(in: text),
            let unit = name.isEmpty ? ("B", 1) : units.first(where: { $0.name == name }),
            case (let bytes, false) = number.multipliedReportingOverflow(by: unit.bytes)
        else {
            let accepted = "a whole number, alone or with KiB, MiB or GiB, such as 64 or 64KiB"
            throw TextValueError(text: text, kind: "a number of bytes", accepted: accepted)
        }
        return bytes
    }

    /// `bytes` in the largest unit that needs no fraction, as ``parse(_:)`` reads it: `64`, `64KiB`.
    package static func format(_ bytes: Int) -> String {
        let unit = units.first { bytes != 0 && bytes.isMultiple(of: $0.bytes) } ?? ("B", 1)
        return unit.bytes == 1 ? "\(bytes)" : "\(bytes / unit.bytes)\(unit.name)"
    }

    /// `bytes` for a reader, in the largest unit they reach: `512 B`, `64 KiB`, `1.5 MiB`.
    package static func readable(_ bytes: Int) -> String {
        let unit = units.first { bytes.magnitude >= $0.bytes.magnitude } ?? ("B", 1)
        guard !bytes.isMultiple(of: unit.bytes) else { return "\(bytes / unit.bytes) \(unit.name)" }
        return "\(DecimalText.format(Double(bytes) / Double(unit.bytes), places: 1)) \(unit.name)"
    }
}

/// Counts for a reader: `12,345`.
enum CountText {
    /// `count` with commas between its thousands.
    static func grouped(_ count: Int) -> String {
        let digits = Array(String(count.magnitude))
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
        return (count < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }
}

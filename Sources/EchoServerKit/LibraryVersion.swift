/// The version of a library, as numbers that can be compared.
package struct LibraryVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let numbers: [Int]

    /// The version `major.minor.patch`.
    package init(_ major: Int, _ minor: Int, _ patch: Int) {
        numbers = [major, minor, patch]
    }

    /// The version that `text` begins with, such as `1.11.0` or `1.24.0-DEV`; nil when it begins with no two numbers.
    package init?(_ text: String) {
        let release = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let parts = release.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.prefix(3).compactMap(\.self)
        guard (2...3).contains(numbers.count), numbers.count == min(3, parts.count) else { return nil }
        self.numbers = numbers + [Int](repeating: 0, count: 3 - numbers.count)
    }

    /// The numbers with dots between them.
    package var description: String { numbers.map(String.init).joined(separator: ".") }

    /// Whether `lhs` came before `rhs`.
    package static func < (lhs: LibraryVersion, rhs: LibraryVersion) -> Bool {
        lhs.numbers.lexicographicallyPrecedes(rhs.numbers)
    }
}

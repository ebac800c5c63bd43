/// Something with a title for tables, `after the server's flight`, that is named on a command line as well:
/// `after-the-servers-flight`.
public protocol OptionNamed: RawRepresentable<String>, CaseIterable {}

extension OptionNamed {
    /// The name on a command line: the title in small letters, words joined by dashes.
    public var optionName: String {
        rawValue.lowercased().replacing(" ", with: "-").filter { $0 == "-" || $0.isLetter }
    }

    /// What this name on a command line says; nil when it says nothing.
    public init?(optionName: String) {
        guard let found = Self.allCases.first(where: { $0.optionName == optionName }) else { return nil }
        self = found
    }
}

/// The path of a control group, or of the part of a hierarchy that is mounted, as the kernel shows it to this process.
///
/// A process in a control group namespace sees paths relative to the namespace's root; what lies outside begins with `/..`,
/// once for each level. cgroup_namespaces(7).
struct ControlGroupPath: Hashable {
    /// How many levels above the namespace's root the path begins.
    let levelsAbove: Int
    /// The names from there on.
    let names: [ArraySlice<UInt8>]

    /// PATH_MAX: a group below a longer path could not be opened.
    static let bytesLimit = 4_096

    init(levelsAbove: Int = 0, names: [ArraySlice<UInt8>] = []) {
        self.levelsAbove = levelsAbove
        self.names = names
    }

    /// Reads `/../a/b`.
    ///
    /// - Returns: nil when the text does not begin with a slash, is too long, or has a `.`, or a `..` after a name.
    init?(_ text: ArraySlice<UInt8>) {
        guard text.first == UInt8(ascii: "/"), text.count <= Self.bytesLimit else { return nil }
        let parts = text.split(separator: UInt8(ascii: "/"))
        let names = parts.drop { $0.elementsEqual("..".utf8) }
        guard !names.contains(where: { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) }) else { return nil }
        self.init(levelsAbove: parts.count - names.count, names: Array(names))
    }

    /// The names that lead from `root` down to here; nil when this path is not below it, or they cannot be known.
    func names(below root: ControlGroupPath) -> [ArraySlice<UInt8>]? {
        guard root.levelsAbove == levelsAbove, names.starts(with: root.names) else { return nil }
        return Array(names.dropFirst(root.names.count))
    }

    /// The first `count` names of this path.
    func prefix(_ count: Int) -> ControlGroupPath {
        ControlGroupPath(levelsAbove: levelsAbove, names: Array(names.prefix(count)))
    }

    /// The path for people, with a question mark for each control character.
    var text: String {
        let parts = Array(repeating: Array("..".utf8)[...], count: levelsAbove) + names
        guard !parts.isEmpty else { return "/" }
        let bytes = parts.flatMap { [UInt8(ascii: "/")] + $0 }
        return String(decoding: bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}

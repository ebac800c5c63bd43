import Foundation

/// A command line of `quic-loadgen` as it stands in a fenced block of a document.
struct DocumentedCommand: Sendable {
    /// The document, as a path from the package's folder.
    let document: String
    /// The heading it stands under.
    let heading: String
    /// What follows the program's name, word by word.
    let words: [String]

    /// For the message of a test that fails.
    var text: String { "\(document): quic-loadgen \(words.joined(separator: " "))" }

    /// The subcommand; nil when there is none.
    var subcommand: String? { words.first }

    /// The words with this option's value replaced, or with the option at their end.
    func words(setting options: [String: String]) -> [String] {
        options.sorted { $0.key < $1.key }.reduce(into: words) { words, option in
            if let index = words.firstIndex(of: option.key) {
                words[index + 1] = option.value
            } else {
                words += [option.key, option.value]
            }
        }
    }

    /// All commands of a document, in their order.
    static func all(in document: String) throws -> [DocumentedCommand] {
        let package = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: package.appending(path: document), encoding: .utf8)
        var commands: [DocumentedCommand] = []
        var (heading, isFenced) = ("", false)
        // A backslash at the end continues the line.
        for line in text.replacing(/\\\n\s*/, with: "").split(separator: "\n") {
            if line.hasPrefix("```") {
                isFenced.toggle()
            } else if !isFenced {
                if line.hasPrefix("#") { heading = line.trimmingCharacters(in: ["#", " "]) }
            } else if let words = words(of: line) {
                commands.append(DocumentedCommand(document: document, heading: heading, words: words))
            }
        }
        return commands
    }

    /// What follows `quic-loadgen` as a command in a line of a shell; nil when it is none.
    private static func words(of line: Substring) -> [String]? {
        // At the start, or behind what may stand before a command: an operator, a quote, a key of YAML, a path.
        guard let match = line.firstMatch(of: /(?:^|[\s"'|&;(\/])quic-loadgen +([a-z-].*)/) else { return nil }
        // The command may be a part of one quoted word, which its other mark ends.
        let isQuoted = line[..<match.1.startIndex].count { $0 == "'" } % 2 == 1
        var (words, word, quote) = ([String](), "", Character?.none)
        var depth = 0
        for character in match.1 {
            if isQuoted, character == "'" { break }
            switch character {
            case let mark where mark == quote: quote = nil
            case "'" where quote == nil, "\"" where quote == nil: quote = character
            case "(" where word.hasSuffix("$") || depth > 0: (depth, word) = (depth + 1, word + "(")
            case ")" where depth > 0: (depth, word) = (depth - 1, word + ")")
            case " " where quote == nil && depth == 0:
                if !word.isEmpty { words.append(word) }
                word = ""
            case "|" where quote == nil && depth == 0, "&" where quote == nil && depth == 0,
                ";" where quote == nil && depth == 0, "#" where quote == nil && word.isEmpty,
                ">" where quote == nil && depth == 0:
                return words + (word.isEmpty ? [] : [word])
            default: word.append(character)
            }
        }
        return words + (word.isEmpty ? [] : [word])
    }
}

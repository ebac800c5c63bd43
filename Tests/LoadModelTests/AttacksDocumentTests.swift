import Foundation
import LoadModel
import Testing

/// docs/attacks.md has the attacks that there are, and all of them met what was expected.
@Suite struct AttacksDocumentTests {
    @Test func theTableHasEachAttackAsItIs() throws {
        let rows = try table().filter { $0.hasPrefix("| `") }
        #expect(rows.count == AbuseScenario.all.count)
        for (row, scenario) in zip(rows, AbuseScenario.all) {
            let cells = ["`\(scenario.name.rawValue)`", scenario.attack, scenario.reference, scenario.defence]
            #expect(row.hasPrefix("| " + cells.joined(separator: " | ") + " | "))
        }
    }

    @Test func everyAttackMetWhatWasExpected() throws {
        let count = AbuseScenario.all.count
        let sentence = "\(count) of \(count) attacks met what was expected."
        #expect(try table().contains { $0.hasPrefix(sentence) && $0.hasSuffix("Everything came back to zero.") })
    }

    /// The lines that `quic-loadgen abuse` wrote.
    private func table() throws -> [Substring] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/attacks.md"), encoding: .utf8)
        return try MarkedBlock.attacks.content(of: page).split(separator: "\n")
    }
}

import LoadModel
import Testing

@Suite struct MarkedBlockTests {
    private static let block = MarkedBlock("figures", writtenBy: "scripts/figures")
    private static let begin = "<!-- figures: written by scripts/figures -->"
    private static let end = "<!-- figures: end -->"
    private static let text = "before\n\(begin)\nold\n\(end)\nafter\n"

    @Test func theContentIsWhatIsBetweenTheComments() throws {
        #expect(try Self.block.content(of: Self.text) == "old")
        #expect(try Self.block.content(of: "\(Self.begin)\n\(Self.end)").isEmpty)
    }

    @Test func theRestOfTheTextStays() throws {
        let renewed = try Self.block.replacing(contentOf: Self.text, with: "one\n\ntwo")
        #expect(renewed == "before\n\(Self.begin)\none\n\ntwo\n\(Self.end)\nafter\n")
        #expect(try Self.block.content(of: renewed) == "one\n\ntwo")
    }

    @Test(arguments: ["", begin, end, "\(end)\n\(begin)", "\(text)\(text)"])
    func aTextWithoutExactlyOneBlockIsRefused(text: String) {
        #expect(throws: MarkedBlock.Missing.self) { try Self.block.content(of: text) }
        #expect(throws: MarkedBlock.Missing.self) { try Self.block.replacing(contentOf: text, with: "") }
    }
}

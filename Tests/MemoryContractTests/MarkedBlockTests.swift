import MemoryContract
import Testing

@Suite struct MarkedBlockTests {
    private static let begin = "<!-- memory-contract: written by scripts/memory-contract -->"
    private static let end = "<!-- memory-contract: end -->"
    private static let text = "before\n\(begin)\nold\n\(end)\nafter\n"

    @Test func theContentIsWhatIsBetweenTheComments() throws {
        #expect(try MarkedBlock.content(of: Self.text) == "old")
        #expect(try MarkedBlock.content(of: "\(Self.begin)\n\(Self.end)").isEmpty)
    }

    @Test func theRestOfTheTextStays() throws {
        let renewed = try MarkedBlock.replacing(contentOf: Self.text, with: "one\n\ntwo")
        #expect(renewed == "before\n\(Self.begin)\none\n\ntwo\n\(Self.end)\nafter\n")
        #expect(try MarkedBlock.content(of: renewed) == "one\n\ntwo")
    }

    @Test(arguments: ["", begin, end, "\(end)\n\(begin)", "\(text)\(text)"])
    func aTextWithoutExactlyOneBlockIsRefused(text: String) {
        #expect(throws: MarkedBlock.Missing.self) { try MarkedBlock.content(of: text) }
        #expect(throws: MarkedBlock.Missing.self) { try MarkedBlock.replacing(contentOf: text, with: "") }
    }
}

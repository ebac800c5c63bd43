import EchoServerKit
import Testing

@Suite struct KnownIssueTests {
    private func references(ngtcp2: String) -> [String] {
        KnownIssue.all(ngtcp2: ngtcp2, gnutls: "3.8.10").map(\.reference)
    }

    @Test func anOlderLibraryHasMoreIssuesAndANewOneNone() {
        #expect(references(ngtcp2: "1.11.0").count == 7)
        #expect(references(ngtcp2: "1.12.0").count == 5)
        #expect(references(ngtcp2: "1.15.0") == ["b63bf49c", "7dc9b550", "CVE-2026-40170", "59dc983d"])
        #expect(references(ngtcp2: "1.22.0") == ["CVE-2026-40170", "59dc983d"])
        #expect(references(ngtcp2: "1.22.1") == ["59dc983d"])
        #expect(references(ngtcp2: "1.23.0") == [])
        #expect(references(ngtcp2: "2.0.0") == [])
    }

    @Test(
        arguments: [
            ("3.7.9", ["CVE-2025-6395"]), ("3.8.10", []), ("3.8.11", ["CVE-2026-1584"]), ("3.8.12", []), ("4.0", []),
        ]
    )
    func anIssueMayHaveComeWithAVersion(version: String, expected: [String]) {
        #expect(KnownIssue.all(of: .gnutls, version: version).map(\.reference) == expected)
    }

    @Test func aVersionThatCannotBeReadIsTakenForAnOldOne() {
        #expect(references(ngtcp2: "unknown").count == 7)
    }

    @Test func everyIssueHasALineOfItsOwn() {
        #expect(Set(KnownIssue.all.map(\.line)).count == KnownIssue.all.count)
        #expect(KnownIssue.all.allSatisfy { !$0.line.contains("\n") && $0.line.hasSuffix("(\($0.reference))") })
    }

    @Test(
        arguments: [
            ("1.11.0", "1.11.0"), ("1.24.0-DEV", "1.24.0"), ("3.8", "3.8.0"), ("3.7.9.1", "3.7.9"),
            ("1.2.3+b", "1.2.3"),
        ]
    )
    func versionsAreRead(text: String, expected: String) {
        #expect(LibraryVersion(text)?.description == expected)
    }

    @Test(arguments: ["", "1", "unknown", ".1.2", "1..2", "v1.2.3", "1.x.3"])
    func whatIsNoVersionIsRefused(text: String) {
        #expect(LibraryVersion(text) == nil)
    }

    @Test func versionsAreComparedByTheirNumbers() throws {
        let ordered = try ["0.9.9", "1.2.0", "1.10.0", "1.10.1", "2.0.0"].map { try #require(LibraryVersion($0)) }
        #expect(ordered.sorted() == ordered)
        #expect(ordered[1] < ordered[2])
    }
}

import Foundation
import LoadModel
import Testing

@Suite struct AbandonMatrixTests {
    /// The cases of an enumeration of the simulated lives, with their titles.
    private func simulated(_ name: String) throws -> [String: String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let source = try String(contentsOf: folder.appending(path: "QUICTesting/\(name).swift"), encoding: .utf8)
        let cases = source.matches(of: /case (\w+)(?: = "([^"]*)")?/).map { match in
            (String(match.1), String(match.2 ?? match.1))
        }
        return Dictionary(uniqueKeysWithValues: cases)
    }

    @Test func pointsAndMannersAreThoseOfTheSimulatedLives() throws {
        let points = Dictionary(uniqueKeysWithValues: AbandonPoint.allCases.map { ("\($0)", $0.rawValue) })
        #expect(try points == simulated("AbandonPoint"))
        let manners = Dictionary(uniqueKeysWithValues: AbandonManner.allCases.map { ("\($0)", $0.rawValue) })
        #expect(try simulated("AbandonManner") == manners.merging(["closeLost": "close lost"]) { own, _ in own })
    }

    @Test func everythingHasANameOnTheCommandLine() {
        #expect(AbandonPoint.afterServersFlight.optionName == "after-the-servers-flight")
        #expect(AbandonPoint.halfSentStream.optionName == "half-sent-stream")
        #expect(AbandonPoint.allCases.allSatisfy { AbandonPoint(optionName: $0.optionName) == $0 })
        #expect(AbandonManner.allCases.allSatisfy { AbandonManner(optionName: $0.optionName) == $0 })
        #expect(AbandonManner(optionName: "close lost") == nil)
    }

    private func memory(_ kilobytes: [Int], baseline: Int = 20_000, connections: Int = 100) -> HeldMemory? {
        let samples = kilobytes.enumerated().map { (seconds: Double($0), bytes: $1 * 1_000) }
        return HeldMemory(samples: samples, baselineBytes: baseline * 1_000, connections: connections)
    }

    @Test func whatIsHeldIsBytesTimesSeconds() throws {
        let held = try #require(memory([20_000 + 3_000, 20_000 + 3_000, 20_000 + 3_000, 20_000, 20_000]))
        #expect(held.bytesPerConnection == 30_000)
        #expect(held.seconds == 3)
        #expect(held.hasReturned)
        #expect(held.byteSecondsPerConnection == 30_000 * 2.5)
    }

    @Test func whatHasNotComeBackIsHeldToTheEnd() throws {
        let held = try #require(memory([23_000, 22_000, 22_000]))
        #expect(!held.hasReturned)
        #expect(held.seconds == 2)
    }

    @Test func noiseIsNotHeld() throws {
        let held = try #require(memory([23_000, 20_200, 20_100, 20_250]))
        #expect(held.hasReturned)
        #expect(held.seconds == 1)
        let shrunk = try #require(memory([19_000, 18_000]))
        #expect(shrunk.bytesPerConnection == 0 && shrunk.seconds == 0 && shrunk.hasReturned)
    }

    @Test func withoutSamplesOrConnectionsNothingIsKnown() {
        #expect(memory([]) == nil)
        #expect(memory([23_000], connections: 0) == nil)
        #expect(memory([23_000])?.seconds == 0)
    }

    private var matrix: AbandonMatrix {
        AbandonMatrix([
            MatrixCell(
                point: .afterInitial,
                manner: .silence,
                connections: 100,
                held: memory([26_100, 26_100, 26_100, 20_000])
            ),
            MatrixCell(
                point: .afterInitial,
                manner: .closeDelivered,
                connections: 100,
                held: memory([26_100, 20_000])
            ),
            MatrixCell(point: .streamOpen, manner: .silence, connections: 100, held: memory([23_200, 23_200, 23_200])),
            MatrixCell(point: .inClosing, manner: .silence, connections: 0, held: nil),
            MatrixCell(point: .inClosing, manner: .closeDelivered, connections: 9, held: nil),
        ])
    }

    @Test func theTableHasARowForEachPoint() {
        #expect(
            matrix.text == """
                abandoned                silence   close delivered
                after Initial   59.6 KiB × 3.0 s  59.6 KiB × 1.0 s
                stream open    31.3 KiB × >2.0 s                 -
                in closing           not reached          not read

                costliest: after Initial, silence: 148.9 KiB × s per connection

                """
        )
        #expect(AbandonMatrix([]).text == "abandoned\n")
    }

    @Test func aMatrixSurvivesJSON() throws {
        let json = try JSONEncoder().encode(matrix)
        #expect(try JSONDecoder().decode(AbandonMatrix.self, from: json) == matrix)
    }

    @Test func pointsKnowWhatTheyNeed() {
        #expect(AbandonPoint.allCases.filter(\.usesStream).allSatisfy { $0.isEstablished })
        #expect(!AbandonPoint.inClosing.isEstablished && AbandonPoint.inKeyUpdate.isEstablished)
    }
}

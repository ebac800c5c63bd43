import Foundation
import LoadModel
import Testing

@Suite struct LatencyHistogramTests {
    private func recorder(of microseconds: [Int]) -> LatencyRecorder {
        var recorder = LatencyRecorder()
        for value in microseconds { recorder.record(.microseconds(value)) }
        return recorder
    }

    private func readBack(_ recorder: LatencyRecorder) throws -> LatencyRecorder {
        let json = try JSONEncoder().encode(recorder.histogram)
        return LatencyRecorder(try JSONDecoder().decode(LatencyHistogram.self, from: json))
    }

    @Test(arguments: [
        [], [0], [0, 0, 7], [1], [119_999_999], [4_097, 4_098, 9_999], [3, 3, 3, 5_001, 77_777, 120_000_000],
    ])
    func everyFigureComesBackFromJSON(values: [Int]) throws {
        let recorder = recorder(of: values)
        let again = try readBack(recorder)
        #expect(again.summary == recorder.summary)
        #expect(again.histogram == recorder.histogram)
        #expect(again.histogram.count == values.count)
    }

    @Test(arguments: [1, 2, UInt64.random(in: 0...UInt64.max)])
    func addingWhatWasReadBackIsAddingWhatWasRecorded(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<3_000).map { _ in
            Int.random(in: 0...1 << Int.random(in: 0...26, using: &generator), using: &generator)
        }
        var sum = try readBack(recorder(of: Array(values[..<1_000])))
        sum.add(try readBack(recorder(of: Array(values[1_000...]))))
        #expect(sum.summary == recorder(of: values).summary, "seed \(seed)")
        #expect(sum.histogram == recorder(of: values).histogram, "seed \(seed)")
    }

    @Test func clampedLatenciesStayCounted() throws {
        var recorder = LatencyRecorder()
        recorder.record(.seconds(121))
        #expect(try readBack(recorder).summary == recorder.summary)
        #expect(try readBack(recorder).clampedCount == 1)
    }

    @Test func theJSONIsValuesAndCounts() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = String(decoding: try encoder.encode(recorder(of: [7, 7, 5_001]).histogram), as: UTF8.self)
        #expect(
            json == """
                {"clamped_count":0,"counts":[[7,2],[5000,1]],"max":5001,"min":7,"significant_digits":3,"total":5015,\
                "unit":"us","version":1}
                """
        )
    }

    @Test(arguments: [
        (#""version":1"#, #""version":2"#, "version 2 of a histogram, 1 is understood"),
        (#""unit":"us""#, #""unit":"ms""#, "not microseconds"),
        (#""significant_digits":3"#, #""significant_digits":2"#, "not 3 digits"),
        ("[[7,2],[5000,1]]", "[[5000,1],[7,2]]", "out of order"),
        ("[[7,2],[5000,1]]", "[[7,2],[5001,1]]", "another layout"),
        ("[[7,2],[5000,1]]", "[[7,2]]", "min and max"),
        ("[[7,2],[5000,1]]", "[]", "figures without counts"),
        ("[[7,2],[5000,1]]", "[[7,0],[5000,1]]", "a count is 0"),
        ("[[7,2],[5000,1]]", "[[7,18446744073709551615],[5000,1]]", "more than 100000000000"),
        (#""min":7"#, #""min":8"#, "min and max"),
        (#""max":5001"#, #""max":120000001"#, "beyond"),
        (#""total":5015"#, #""total":15004"#, "total"),
        (#""clamped_count":0"#, #""clamped_count":4"#, "clamped_count"),
        (#""clamped_count":0"#, #""clamped_count":-1"#, "clamped_count"),
    ])
    func whatNoRecorderWroteIsRefused(part: String, replacement: String, reason: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = String(decoding: try encoder.encode(recorder(of: [7, 7, 5_001]).histogram), as: UTF8.self)
        let broken = json.replacing(part, with: replacement)
        #expect(broken != json)
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(LatencyHistogram.self, from: Data(broken.utf8))
        }
        #expect(error.map { "\($0)" }?.contains(reason) == true)
    }
}

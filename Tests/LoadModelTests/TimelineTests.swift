import Foundation
import LoadModel
import Testing

@Suite struct TimelineTests {
    private let timeline = Timeline([
        TimelineSample(seconds: 0, residentBytes: 20_000_000),
        TimelineSample(
            seconds: 1.0005,
            handshaking: 12,
            established: 988,
            closing: 3,
            completed: 5,
            failed: 1,
            handshakesPerSecond: 987.65,
            echoesPerSecond: 1_200.04,
            residentBytes: 48_000_000,
            ledgerBytes: 27_500_000,
            echo: LatencyPercentiles(p50: 10, p99: 20)
        ),
    ])

    @Test func theCSVHasALineForEachSample() {
        #expect(
            timeline.csv == """
                seconds,handshaking,established,closing,completed,failed,handshakes_per_second,echoes_per_second,\
                resident_bytes,ledger_bytes,handshake_p50_us,handshake_p99_us,echo_p50_us,echo_p99_us
                0.000,0,0,0,0,0,0.0,0.0,20000000,,,,,
                1.001,12,988,3,5,1,987.7,1200.0,48000000,27500000,,,10,20

                """
        )
        #expect(Timeline().csv.split(separator: "\n").count == 1)
        let columns = timeline.csv.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(columns.allSatisfy { $0.count == Timeline.csvColumns.count })
    }

    @Test func aTimelineSurvivesJSON() throws {
        let json = try JSONEncoder().encode(timeline)
        #expect(try JSONDecoder().decode(Timeline.self, from: json) == timeline)
        #expect(String(decoding: json, as: UTF8.self).hasPrefix("[{"))
    }

    @Test func timeDoesNotRunBackwards() {
        var timeline = Timeline([TimelineSample(seconds: 2), TimelineSample(seconds: 1)])
        #expect(timeline.samples.map(\.seconds) == [1, 2])
        timeline.append(TimelineSample(seconds: 1.5))
        timeline.append(TimelineSample(seconds: 2, established: 1))
        #expect(timeline.samples.map(\.seconds) == [1, 2, 2])
    }

    @Test func generatorsAreAddedMomentByMoment() {
        let first = Timeline([
            TimelineSample(seconds: 0, established: 1, residentBytes: 5),
            TimelineSample(seconds: 2, established: 3, completed: 7, handshakesPerSecond: 10, residentBytes: 9),
        ])
        let second = Timeline([
            TimelineSample(seconds: 0, established: 100),
            TimelineSample(seconds: 4, established: 300, completed: 1, residentBytes: 8, ledgerBytes: 2),
        ])
        let merged = Timeline(merging: [(0, first), (1, second)])
        #expect(merged.samples.map(\.seconds) == [0, 1, 2, 5])
        #expect(merged.samples.map(\.established) == [1, 101, 103, 300])
        #expect(merged.samples.map(\.completed) == [0, 0, 7, 8])
        #expect(merged.samples.map(\.residentBytes) == [5, 5, 9, 8])
        #expect(merged.samples.map(\.ledgerBytes) == [nil, nil, nil, 2])
        #expect(merged.samples.map(\.handshakesPerSecond) == [0, 0, 10, 0])
    }

    @Test func theDistributionIsTheTextOfHdrHistogramsTools() throws {
        var recorder = LatencyRecorder()
        for value in [1_000, 2_000, 3_000, 48_500] { recorder.record(.microseconds(value)) }
        let lines = recorder.hgrm.split(separator: "\n")
        #expect(lines.first == "       Value     Percentile TotalCount 1/(1-Percentile)")
        #expect(lines[1].split(separator: " ") == ["1.000", "0.000000000000", "1", "1.00"])
        #expect(lines.contains { $0.split(separator: " ") == ["48.511", "1.000000000000", "4"] })
        #expect(lines.contains { $0.hasPrefix("#[Max     =") && $0.contains("Total count    =            4]") })
        #expect(LatencyRecorder().hgrm.hasPrefix("       Value"))
    }
}

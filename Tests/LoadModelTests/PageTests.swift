import Foundation
import FoundationXML
import Testing

@testable import LoadModel

@Suite struct PageTests {
    /// A page read by an XML parser: its elements, with their attributes and the text inside of them.
    private final class Document: NSObject, XMLParserDelegate {
        struct Element {
            let name: String
            let attributes: [String: String]
            var text = ""
        }

        private(set) var elements: [Element] = []
        private var open: [Int] = []

        init(_ html: String) throws {
            super.init()
            let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
            parser.delegate = self
            guard parser.parse() else {
                throw try #require(parser.parserError, "line \(parser.lineNumber)")
            }
        }

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            open.append(elements.count)
            elements.append(Element(name: name, attributes: attributes))
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            for index in open { elements[index].text += text }
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            open.removeLast()
        }

        func all(_ name: String, _ style: String? = nil) -> [Element] {
            elements.filter { element in
                let styles = element.attributes["class"]?.split(separator: " ").map(String.init) ?? []
                return element.name == name && style.map(styles.contains) ?? true
            }
        }
    }

    private func points(_ path: Document.Element) -> [(x: Double, y: Double)] {
        let path = path.attributes["d"] ?? ""
        return path.split { "MLZ".contains($0) }.map { pair in
            let numbers = pair.split(separator: " ").compactMap { Double($0) }
            return (numbers[0], numbers[1])
        }
    }

    private func pages() throws -> [ReportPage] {
        let bare = LoadReport(target: "t", scenario: try scenario(1, mode: .close), result: LoadResult.nothing)
        let cycles = (1...6).map {
            LeakCycle(connections: $0 * 2_000, memory: MemoryReading(heapInUseBytes: $0 * 5_000_000))
        }
        return [
            try sampleReport().page(), bare.page(),
            LeakAssessment(cycles: cycles).page(target: "t"), LeakAssessment(cycles: []).page(target: "t"),
            sampleMatrix().page(target: "t"), AbandonMatrix([]).page(target: "t"),
        ]
    }

    @Test func aMatrixThatSawNothingDoesNotSayThatMemoryCameBack() throws {
        let held = HeldMemory(samples: [(0, 5_000), (1, 0)], baselineBytes: 0, connections: 10)
        let noise = MatrixCell(point: .streamOpen, manner: .silence, connections: 10, held: held, gap: .belowNoise)
        for cells in [[noise], []] {
            let html = AbandonMatrix(cells).page(target: "t", notes: ["is it the server?"]).html
            #expect(!html.contains("came back while"))
            #expect(html.contains("Nothing to measure was seen") && html.contains("is it the server?"))
        }
        let measured = MatrixCell(point: .streamOpen, manner: .silence, connections: 10, held: held)
        #expect(AbandonMatrix([measured]).page(target: "t").html.contains("All memory came back"))
    }

    @Test func everyPageIsWellFormed() throws {
        for page in try pages() {
            #expect(page.html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
            #expect(try Document(page.html).all("main").count == 1)
        }
    }

    @Test func everyPageNeedsNothingElse() throws {
        for page in try pages() {
            let document = try Document(page.html)
            let references = ["src", "href", "srcset", "xlink:href", "data", "action", "poster", "background"]
            #expect(document.elements.allSatisfy { element in !references.contains { element.attributes[$0] != nil } })
            #expect(!page.html.contains("url(") && !page.html.contains("@import"))
            #expect(page.html.replacing("http://www.w3.org/2000/svg", with: "").contains("http") == false)
            #expect(document.elements.allSatisfy { !$0.attributes.keys.contains { $0.hasPrefix("on") } })
        }
    }

    @Test func everyTextIsEscaped() throws {
        let evil = #"<script>alert("x")</script>&amp;' "# + "\u{0}\u{1B}"
        var report = LoadReport(target: evil, scenario: try scenario(1), result: perfectResult(of: 1))
        report.add([LoadModel.Expectation("evil", passed: false, evil)])
        let reading = MemoryReading(ledgerBytes: [evil: 0])
        let cycles = (1...5).map { cycle in
            var reading = reading
            reading.ledgerBytes?[evil] = cycle * 9_000_000
            return LeakCycle(connections: cycle, memory: reading)
        }
        for page in [report.page(), LeakAssessment(cycles: cycles).page(target: evil)] {
            let document = try Document(page.html)
            #expect(document.all("script").count == 1)
            #expect(!page.html.contains("alert(\""))
            #expect(document.all("h1").first?.text == #"<script>alert("x")</script>&amp;' "#)
            #expect(!page.html.unicodeScalars.contains { $0 == "\u{0}" || $0 == "\u{1B}" })
        }
    }

    @Test func everyPlotHasATitleADescriptionAndItsDataAsATable() throws {
        for page in try pages() {
            let document = try Document(page.html)
            let figures = document.all("figure")
            #expect(document.all("svg").count == figures.count)
            #expect(document.all("details").count == figures.count)
            for svg in document.all("svg") {
                #expect(svg.attributes["role"] == "img")
                for id in try #require(svg.attributes["aria-labelledby"]).split(separator: " ") {
                    let named = document.elements.filter { $0.attributes["id"] == String(id) }
                    #expect(named.count == 1)
                    #expect(named.first.map { ["title", "desc"].contains($0.name) && !$0.text.isEmpty } == true)
                }
            }
            let ids = document.elements.compactMap { $0.attributes["id"] }
            #expect(Set(ids).count == ids.count)
        }
        #expect(try Document(pages()[0].html).all("figure").count == 3)
    }

    @Test func colourIsSetForLightAndForDark() throws {
        let style = try #require(try Document(pages()[0].html).all("style").first).text
        #expect(style.contains("prefers-color-scheme: dark"))
        let used = Set(style.matches(of: /var\((--[a-z-]+)\)/).map { String($0.1) })
        let blocks = style.split(separator: "@media (prefers-color-scheme: dark)", maxSplits: 1)
        for name in used {
            #expect(blocks.allSatisfy { $0.contains("\(name): ") }, "\(name) has no colour of its own in light or dark")
        }
        // A style that nothing is drawn in would be a mistake in its name, and black.
        let styles = ["resident", "ledger", "handshakes", "echoes", "heap", "generator"]
        #expect(styles.allSatisfy { style.contains(".line.\($0)") && style.contains(".legend .\($0)") })
    }

    @Test func aHerdHasADotForEachStepAndOneForTheStart() throws {
        var result = perfectResult(of: 3_000, mode: .idleHerd)
        result.steps = (1...3).map { step in
            let target = TargetReading(heldBytes: step << 20, residentBytes: (20 + step * 28) << 20)
            return HerdStep(
                connections: step * 1_000,
                open: step * 1_000,
                failed: 0,
                elapsedSeconds: Double(step),
                generatorResidentBytes: (30 + step * 22) << 20,
                target: target
            )
        }
        var memory = MemoryObservation()
        memory.record(MemoryReading(residentBytes: 20 << 20), .before)
        let report = LoadReport(target: "t", scenario: try scenario(3_000), result: result, memory: memory)
        let document = try Document(report.page().html)
        #expect(document.all("circle", "resident").count == 4)
        #expect(document.all("circle", "ledger").count == 3 && document.all("path", "generator").count == 1)
        let desc = document.elements.first { $0.attributes["id"] == "herd-desc" }?.text
        let sentence =
            "With 3,000 connections the target's RSS is 104 MiB, 28.7 KiB for each more than before the first;"
        #expect(desc == sentence + " the generator's own is 96 MiB.")
        #expect(report.targetBytesPerConnection == Double(84 << 20) / 3_000)
    }

    @Test func doubtsInTheGeneratorAreOnThePage() throws {
        var result = perfectResult(of: 100)
        (result.generator.lateStarts, result.generator.sendOverflows) = (50, 7)
        result.generator.busiestWorkerShare = 0.97
        let html = LoadReport(target: "t", scenario: try scenario(100), result: result).page().html
        #expect(html.contains("bottleneck: 50 of 100 connections began more than 10ms late</li>"))
        #expect(html.contains("bottleneck: 7 datagrams were dropped because a send queue was full</li>"))
        #expect(html.contains("97 % of a core"))
    }

    @Test func memoryAndConnectionsShareOneTimeAxis() throws {
        let html = try sampleReport().page().html
        let figure = try #require(html.split(separator: "<figure").first { $0.contains("id=\"memory-title\"") })
        #expect(figure.contains("class=\"line resident\"") && figure.contains("class=\"area established\""))
        let document = try Document(html)
        let memory = points(try #require(document.all("path", "line").first))
        let connections = points(try #require(document.all("path", "established").first))
        #expect(memory.first?.x == connections.first?.x)
        #expect(memory.last?.x == connections.map(\.x).max())
        #expect(memory.last?.x == PlotPanel.horizontal.end)
    }
}

// MARK: - Long runs

extension PageTests {
    @Test func aLongRunIsThinnedAndItsPeaksAreKept() throws {
        var samples = sampleTimeline(seconds: 36_000, perSecond: 2).samples
        samples[50_001].residentBytes = 900 << 20
        samples[50_002].established = 8_765
        let page = try sampleReport(timeline: Timeline(samples)).page()
        #expect(page.html.utf8.count < 500_000)
        let document = try Document(page.html)
        let lines = document.all("path", "line")
        #expect(lines.allSatisfy { points($0).count <= Downsampling.pointsLimit })
        #expect(document.all("path", "area").allSatisfy { points($0).count <= 2 * Downsampling.pointsLimit })
        #expect(document.all("tr").count < 4 * (DataTable.rowsLimit + 20))
        // One sample of 72,000 reaches 900 MiB, of an axis that ends at 1,000 MiB, 26 below the top and 180 high.
        #expect(try points(#require(lines.first)).map(\.y).min() == 44)
        #expect(page.html.contains("<td>900 MiB</td>") && page.html.contains("<td>8,765</td>"))
    }

    @Test(arguments: [4, 5, 6, 10, 599, 600])
    func everyMinimumAndMaximumThatCouldBeSeenIsKept(limit: Int) throws {
        var generator = SeededGenerator(seed: 5)
        for count in [0, 1, limit - 1, limit, limit + 1, 3 * limit, 7_919] {
            let values = (0..<count).map { _ in Double.random(in: -9...9, using: &generator) }
            let kept = Downsampling.indices(of: values, limit: limit)
            #expect(kept.count <= limit)
            #expect(zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 })
            #expect(kept.first == values.indices.first && kept.last == values.indices.last)
            #expect(kept.map { values[$0] }.max() == values.max())
            #expect(kept.map { values[$0] }.min() == values.min())
            if count <= limit { #expect(kept == Array(0..<count)) }
        }
    }
}

// MARK: - Axes

extension PageTests {
    private func labels(_ unit: AxisUnit, from least: Double? = nil, to most: Double, count: Int = 5) -> [String] {
        Axis(unit, from: least, to: most, places: (0, 100), count: count).ticks.map(\.label)
    }

    @Test func ticksAreRoundAndHaveTheirUnits() {
        #expect(labels(.bytes, to: 165.2 * 0x1p20) == ["0", "50 MiB", "100 MiB", "150 MiB", "200 MiB"])
        #expect(labels(.bytes, to: 700) == ["0", "500 B", "1,000 B"])
        #expect(labels(.bytes, to: 5 * 0x1p30) == ["0", "1 GiB", "2 GiB", "3 GiB", "4 GiB", "5 GiB"])
        #expect(labels(.bytes, from: 150.2 * 0x1p20, to: 152.9 * 0x1p20).first == "150 MiB")
        #expect(labels(.time, to: 40, count: 8) == ["0"] + stride(from: 5, through: 40, by: 5).map { "\($0) s" })
        #expect(labels(.time, to: 7_200, count: 8).last == "120 min")
        #expect(labels(.time, to: 86_400).contains("5 h"))
        #expect(labels(.time, to: 0.4).last == "0.4 s")
        #expect(labels(.count, to: 12_345) == ["0", "5,000", "10,000", "15,000"])
        #expect(labels(.count, to: 2) == ["0", "1", "2"])
        #expect(labels(.count, to: 0) == ["0", "1"])
        #expect(labels(.rate, to: 987.6).last == "1,000/s")
        #expect(labels(.latency, to: 48_703).last == "50 ms")
    }

    @Test func valuesArePlacedBetweenTheEnds() {
        let axis = Axis(.count, to: 100, places: (200, 0))
        #expect(axis.place(0) == 200 && axis.place(50) == 100 && axis.place(100) == 0)
        #expect(axis.place(-1) == 200 && axis.place(.infinity) == 0)
        let logarithmic = Axis(logarithmic: .latency, from: 1_000, to: 100_000, places: (0, 100))
        #expect(logarithmic.place(1_000) == 0 && abs(logarithmic.place(10_000) - 50) < 1e-9)
        #expect(logarithmic.place(100_000) == 100 && logarithmic.place(0) == 0)
        let ticks = ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]
        #expect(logarithmic.ticks.map(\.label) == ticks)
    }

    @Test(arguments: [0, 1e-9, 0.3, 1, 7, 999, 1e6, 1e12, .infinity])
    func anyAxisHasAFewTicksThatEncloseItsValues(most: Double) {
        for unit in [AxisUnit.bytes, .time, .count, .rate, .latency] {
            let axis = Axis(unit, to: most, places: (0, 100))
            #expect((2...12).contains(axis.ticks.count), "\(unit) to \(most): \(axis.ticks.map(\.label))")
            #expect(axis.place(most.isFinite ? most : 1) <= 100)
            #expect((axis.ticks.last?.value ?? 0) >= (most.isFinite ? most : 1) * 0.999_999)
        }
        guard most >= 1, most.isFinite else { return }
        let axis = Axis(logarithmic: .latency, from: 1, to: most, places: (0, 100))
        #expect((2...16).contains(axis.ticks.count), "\(axis.ticks.map(\.label))")
    }

    @Test func thousandsAreApart() {
        #expect([0, 999, 1_000, -1_234_567].map(CountText.grouped) == ["0", "999", "1,000", "-1,234,567"])
        #expect(CountText.grouped(.min) == "-9,223,372,036,854,775,808")
    }

    @Test func percentilesOfAHistogramAreThoseOfTheSummary() {
        let recorder = sampleLatencies(5_000, microseconds: 100...90_000, seed: 9)
        let (histogram, summary) = (recorder.histogram, recorder.summary)
        #expect(histogram.value(atPercentile: 0) == Double(summary.minimum))
        #expect(histogram.value(atPercentile: 50) == Double(summary.p50))
        #expect(histogram.value(atPercentile: 99) == Double(summary.p99))
        #expect(histogram.value(atPercentile: 100) == Double(summary.maximum))
    }

    @Test func theFunnelHasTheStepsThatWereCounted() throws {
        #expect(
            try sampleReport().funnel.steps.map(\.title) == [
                "scheduled", "first reply", "established", "used", "abandoned",
            ]
        )
        let bare = LoadReport(target: "t", scenario: try scenario(1, mode: .close), result: LoadResult.nothing)
        #expect(bare.funnel.steps.map(\.title) == ["scheduled", "established", "closed"])
        #expect(bare.funnel.steps.map(\.count) == [1, 0, 0])
    }
}

extension LoadResult {
    /// A run in which nothing happened.
    static var nothing: LoadResult {
        LoadResult(
            outcomes: OutcomeCounts(),
            handshake: LatencyRecorder(),
            echo: LatencyRecorder(),
            elapsed: .zero,
            generator: GeneratorUsage(cpuSeconds: 0, peakResidentBytes: 0, heldBytes: 0, liveConnections: 0)
        )
    }
}

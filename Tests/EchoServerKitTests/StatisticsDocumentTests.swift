import ArgumentParser
import EchoServerKit
import Foundation
import LoadModel
import QUICEndpoint
import QUICTransport
import Testing

@testable import QUICServer

@Suite struct StatisticsDocumentTests {
    private let document: StatisticsDocument

    init() throws {
        document = StatisticsDocument(busyServer(), limits: try busyLimits, process: busyProcess, qlog: busyQlog)
    }

    @Test func theExampleOfTheGuideIsExactlyWhatTheServerAnswers() throws {
        let example = try #require(try example())
        #expect(try fields(of: example) == fields(of: statisticsEncoder.encode(document)))
        #expect(try object(in: example) == object(in: statisticsEncoder.encode(document)))
    }

    @Test func theGuideExplainsEveryFieldAndNoOther() throws {
        let explained = try explainedFields()
        #expect(Set(explained).count == explained.count)
        #expect(try Set(explained) == fields(of: statisticsEncoder.encode(document)))
    }

    @Test func theLoadGeneratorReadsIt() throws {
        let snapshot = try JSONDecoder().decode(ServerSnapshot.self, from: statisticsEncoder.encode(document))
        #expect(snapshot.connections.created == 5_000)
        #expect(snapshot.connections.live == 20)
        #expect(snapshot.closedByCause["idle_timeout"] == 90)
        #expect(snapshot.handshakesInFlight == 5)
        #expect(snapshot.ledger.total.liveBlocks == 6)
        #expect(snapshot.ledger.classes.closing.liveBytes == 924)
        #expect(snapshot.process.uptimeSeconds == 12.5)
        #expect(!snapshot.hasReturned)
    }

    @Test func anIdleServerHasReturnedToTheLoadGeneratorToo() throws {
        let idle = StatisticsDocument(ServerStatistics(), limits: try busyLimits, process: busyProcess)
        let snapshot = try JSONDecoder().decode(ServerSnapshot.self, from: statisticsEncoder.encode(idle))
        #expect(snapshot.hasReturned)
    }

    @Test func zerosAreShown() throws {
        let idle = StatisticsDocument(ServerStatistics(), limits: try busyLimits, process: busyProcess)
        let shown = try shown(by: idle)
        #expect(Set(shown.closedByCause.keys) == Set(CloseCause.labels))
        #expect(Set(shown.admissions.keys) == Set(AdmissionDecision.labels))
        #expect(Set(shown.drops.keys) == Set(DropReason.allCases.map(\.rawValue)))
        #expect(Set(shown.ledger.classes.keys) == ["transport", "tls", "rings", "table", "closing"])
        #expect(shown.closedByCause.values.allSatisfy { $0 == 0 })
        #expect(try object(in: statisticsEncoder.encode(idle))["qlog"] == nil)
    }

    @Test func theLimitsAreThoseOfTheServer() throws {
        let configuration = ServerConfiguration()
        let plan = try MemoryPlan(configuration)
        let limits = StatisticsDocument.Limits(configuration, plan)
        #expect(limits.handshakeTimeoutSeconds == 10)
        #expect(limits.lifetimeSeconds == nil)
        #expect(limits.connectionBytes == 24 << 20)
        #expect(limits.connectionCostBytes == plan.connectionCostBytes)
        #expect(limits.memoryBytes == plan.memoryBytesLimit)
        #expect(limits.retry == "auto" && limits.blocksPorts)
        #expect(limits.connectionsPerSource == nil && limits.handshakesPerSource == nil && limits.sources == 0)
    }

    @Test func theOriginOfTheMemoryLimitIsNamed() throws {
        var configuration = ServerConfiguration()
        configuration.memoryBytesLimit = 1 << 30
        let given = try MemoryPlan(configuration)
        #expect(StatisticsDocument.Limits(configuration, given).memoryLimitSource == "--memory-limit")
        #expect(given.sentence == "connections may hold 1 GiB in all, as of --memory-limit")

        let source = MemoryLimitSource.controlGroup(file: "memory.high", group: "/a.slice/b", version: 2)
        let available = AvailableMemory(bytes: 2 << 30, source: source)
        let found = try MemoryPlan(ServerConfiguration(), available: available)
        let text = "memory.high of /a.slice/b (control group v2)"
        #expect(StatisticsDocument.Limits(ServerConfiguration(), found).memoryLimitSource == text)
        #expect(found.sentence == "connections may hold 512 MiB in all, a quarter of \(text)")
    }

    @Test func theLimitsOfDefencesAreThoseOfTheOptions() throws {
        let configuration = try ServerOptions.parse(
            """
            --retry always --connections-per-source 8 --useless-packets 300 --useless-packets-when-busy 0
            --allow-blocked-ports --token-key-lifetime 2m
            """.split { " \n".contains($0) }.map(String.init)
        ).configuration()
        let limits = StatisticsDocument.Limits(configuration, try MemoryPlan(configuration))
        #expect(limits.retry == "always" && !limits.blocksPorts)
        #expect(limits.connectionsPerSource == 8 && limits.handshakesPerSource == nil && limits.sources == 65_536)
        #expect(limits.uselessPacketsPerSecond == 300 && limits.uselessPacketsPerSecondWhenBusy == nil)
        #expect(limits.tokenKeyLifetimeSeconds == 120 && limits.tokenLifetimeSeconds == 3_600)
    }

    @Test func sumsAreMadeOfTheirParts() throws {
        let shown = try shown(by: document)
        let connections = shown.connections
        #expect(connections["live"] == 20 && connections["handshaking"] == 5 && connections["established"] == 15)
        #expect(shown.closingRecords == 3 && connections["closing"] == 1 && connections["draining"] == 2)
        #expect(shown.handshakesInFlight == 5)
    }

    /// A user of the library shows the statistics of a server without the program of this package.
    @Test func theStatisticsOfALibraryUserAreTheSame() throws {
        let alone = try fields(of: statisticsEncoder.encode(busyServer()))
        let added = ["limits.", "process.", "qlog."]
        let all = try fields(of: statisticsEncoder.encode(document))
        #expect(alone == all.filter { field in !added.contains { field.hasPrefix($0) } })
    }

    /// Some of what is shown, under the names of the guide.
    private struct ShownCounts: Decodable {
        struct Ledger: Decodable {
            struct Usage: Decodable {}
            var classes: [String: Usage]
        }

        var closedByCause: [String: Int]
        var admissions: [String: Int]
        var drops: [String: Int]
        var ledger: Ledger
        var connections: [String: Int]
        var closingRecords: Int
        var handshakesInFlight: Int
    }

    private func shown(by document: StatisticsDocument) throws -> ShownCounts {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(ShownCounts.self, from: statisticsEncoder.encode(document))
    }

    private func object(in json: Data) throws -> NSDictionary {
        try #require(JSONSerialization.jsonObject(with: json) as? NSDictionary)
    }

    /// The only JSON of the guide.
    private func example() throws -> Data? {
        let parts = try operatingGuide().components(separatedBy: "```json\n")
        #expect(parts.count == 2)
        return parts.last?.components(separatedBy: "```").first.map { Data($0.utf8) }
    }

    /// The paths that stand first in a row of one of the guide's tables and are not flags.
    private func explainedFields() throws -> [String] {
        try statisticsSection().split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| `"), !line.hasPrefix("| `-") else { return nil }
            return line.dropFirst(3).prefix { $0 != "`" }.description
        }
    }

    /// The path of every value in `json`: `connections.created`.
    private func fields(of json: Data) throws -> Set<String> {
        func paths(_ value: Any, at path: String) -> [String] {
            guard let object = value as? [String: Any] else { return [path] }
            return object.flatMap { key, value in paths(value, at: path.isEmpty ? key : "\(path).\(key)") }
        }
        return Set(paths(try JSONSerialization.jsonObject(with: json), at: ""))
    }
}

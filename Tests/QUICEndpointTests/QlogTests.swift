import BoundedMemory
import EchoService
import Foundation
import Glibc
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// The logs of connections' packets. Peers are honest here, so that these tests run with any version of ngtcp2.
@Suite struct QlogTests {
    // RFC 7464 §2.2: each text begins with RS and ends with a line feed.
    @Test func eachRecordIsAJSONTextOfASequence() throws {
        let (folder, clientFolder) = (try QlogFolder(), try QlogFolder())
        let (directory, clientDirectory) = (try folder.directory(), try clientFolder.directory())
        let pair = try Pair.logging(to: directory, clientTo: clientDirectory)
        let connection = try #require(try pair.connectAndEstablish())
        try pair.echo(100_000, on: connection)
        pair.endAll(connection)
        let files = try folder.files()
        let (name, bytes) = try #require(files.first)
        #expect(files.count == 1 && name.hasSuffix(".sqlog"))
        let records = try jsonTexts(in: bytes)
        let header = try #require(records.first)
        let trace = try #require(header["trace"] as? [String: Any])
        #expect((trace["vantage_point"] as? [String: Any])?["type"] as? String == "server")
        let fields = try #require(trace["common_fields"] as? [String: Any])
        #expect(name == "\(fields["group_id"] as? String ?? "").sqlog", "\(fields)")
        let events = records.dropFirst()
        #expect(events.allSatisfy { $0["name"] is String && $0["time"] is NSNumber && $0["data"] is [String: Any] })
        let names = Set(events.compactMap { ($0["name"] as? String)?.split(separator: ":").last.map(String.init) })
        #expect(names.isSuperset(of: ["packet_sent", "packet_received"]), "\(names)")
        // 100,000 bytes each way are 80 packets at least.
        #expect(events.count > 160)
        #expect(directory.counts == QlogDirectory.Counts(files: 1, bytes: bytes.count))
        // The other end of the same connection has the same name.
        #expect(try clientFolder.files().map(\.name) == [name])
        #expect(try jsonTexts(in: #require(try clientFolder.files().first).bytes).count > 160)
    }

    // RFC 9000 §7.3: the original Destination Connection ID is that of the client's first packet, before the Retry.
    @Test func theFileHasTheNameOfTheConnectionBeforeItsRetry() throws {
        let (folder, clientFolder) = (try QlogFolder(), try QlogFolder())
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = .always
        let (directory, clientDirectory) = (try folder.directory(), try clientFolder.directory())
        let pair = try Pair.logging(to: directory, clientTo: clientDirectory, configuration: configuration)
        pair.endAll(try #require(try pair.connectAndEstablish()))
        #expect(pair.server.statistics.retries == 1)
        #expect(try folder.files().map(\.name) == clientFolder.files().map(\.name))
        #expect(try folder.files().count == 1)
    }

    @Test func aLogIsChargedToItsConnectionAndNoOtherIs() throws {
        let folder = try QlogFolder()
        let (plain, logging) = (try Pair.logging(to: nil), try Pair.logging(to: folder.directory()))
        let held = try [plain, logging].map { pair in
            _ = try #require(try pair.connectAndEstablish())
            pair.run(for: .seconds(1))
            let ledger = pair.server.statistics.ledger
            return (transport: ledger[.transport]?.liveBytes ?? 0, table: ledger[.table]?.liveBytes ?? 0)
        }
        // ngtcp2's buffer, and ours. Certificates differ by a few bytes in length, and what ngtcp2 keeps of packets with them.
        #expect((3_800...4_400).contains(held[1].transport - held[0].transport), "\(held)")
        #expect((8_192...8_448).contains(held[1].table - held[0].table), "\(held)")
        let floors = [plain, logging].map { $0.server.reports(at: $0.now).first?.floorBytes ?? 0 }
        #expect(floors[1] - floors[0] >= held[1].transport - held[0].transport + held[1].table - held[0].table)
        for pair in [plain, logging] {
            pair.run(for: .seconds(120))
            expectEverythingReturned(pair)
        }
    }

    @Test func aFileHasNoMoreThanItsLimitAndEndsWithAWholeRecord() throws {
        let folder = try QlogFolder()
        var limits = QlogLimits()
        limits.fileBytesLimit = 20_000
        let directory = try folder.directory(limits)
        let pair = try Pair.logging(to: directory)
        let connection = try #require(try pair.connectAndEstablish())
        try pair.echo(200_000, on: connection)
        pair.endAll(connection)
        let (_, bytes) = try #require(try folder.files().first)
        // No record has 4 KiB, so less than that is left.
        #expect((20_000 - 4_096...20_000).contains(bytes.count), "\(bytes.count)")
        #expect(try jsonTexts(in: bytes).count > 10)
        let counts = directory.counts
        #expect(counts.cutLogs == 1 && counts.failedLogs == 0 && counts.droppedRecords > 100, "\(counts)")
        #expect(counts.bytes == bytes.count)
    }

    @Test func connectionsBeyondTheNumberOfFilesHaveNoLog() throws {
        let folder = try QlogFolder()
        var limits = QlogLimits()
        limits.fileLimit = 2
        let directory = try folder.directory(limits)
        let pair = try Pair.logging(to: directory)
        for _ in 0..<3 {
            let connection = try #require(try pair.connectAndEstablish())
            try pair.echo(10_000, on: connection)
            pair.endAll(connection)
        }
        #expect(try folder.files().count == 2)
        #expect(directory.counts.files == 2 && directory.counts.connectionsWithoutLog == 1)
        #expect(directory.counts.cutLogs == 0)
    }

    @Test func allFilesTogetherHaveNoMoreThanTheirLimit() throws {
        let folder = try QlogFolder()
        var limits = QlogLimits()
        limits.directoryBytesLimit = 50_000
        let directory = try folder.directory(limits)
        let pair = try Pair.logging(to: directory)
        for _ in 0..<3 {
            let connection = try #require(try pair.connectAndEstablish())
            try pair.echo(50_000, on: connection)
            pair.endAll(connection)
        }
        let sizes = try folder.files().map(\.bytes.count)
        #expect((25_000...50_000).contains(sizes.reduce(0, +)), "\(sizes)")
        for file in try folder.files() { #expect(try !jsonTexts(in: file.bytes).isEmpty) }
        let counts = directory.counts
        #expect(counts.bytes == sizes.reduce(0, +) && counts.files == sizes.count)
        #expect(counts.cutLogs >= 1 && counts.droppedRecords > 100 && counts.failedLogs == 0, "\(counts)")
    }

    @Test func aFileThatIsRemovedEndsItsLogAlone() throws {
        let folder = try QlogFolder()
        let directory = try folder.directory()
        let pair = try Pair.logging(to: directory)
        let first = try #require(try pair.connectAndEstablish())
        try pair.echo(50_000, on: first)
        for file in try folder.files() { try folder.remove(file.name) }
        try pair.echo(50_000, on: first)
        #expect(directory.counts.failedLogs == 1 && directory.counts.droppedRecords > 0)
        #expect(first.state == .established)
        let second = try #require(try pair.connectAndEstablish())
        try pair.echo(50_000, on: second)
        pair.client.close(first, at: pair.now)
        pair.endAll(second)
        #expect(try folder.files().count == 1)
        #expect(directory.counts.failedLogs == 1)
    }

    @Test func aDirectoryThatIsRemovedEndsNoConnection() throws {
        let folder = try QlogFolder()
        let directory = try folder.directory()
        folder.removeAll()
        let pair = try Pair.logging(to: directory)
        let connection = try #require(try pair.connectAndEstablish())
        try pair.echo(50_000, on: connection)
        pair.endAll(connection)
        let counts = directory.counts
        #expect(counts.files == 0 && counts.bytes == 0, "\(counts)")
        #expect(counts.failedLogs == 1 && counts.droppedRecords > 0, "\(counts)")
    }

    // A limit on the size of files refuses like a full disk: a part of the bytes first, and then an error.
    @Test func aFullDiskEndsALogWithAWholeRecord() async {
        await #expect(processExitsWith: .success) {
            let folder = try QlogFolder()
            let directory = try folder.directory()
            let pair = try Pair.logging(to: directory)
            var limit = rlimit(rlim_cur: 10_000, rlim_max: 10_000)
            signal(SIGXFSZ, SIG_IGN)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let connection = try #require(try pair.connectAndEstablish())
            try pair.echo(50_000, on: connection)
            pair.endAll(connection)
            let (_, bytes) = try #require(try folder.files().first)
            try #require(bytes.count > 4_096 && bytes.count <= 8_192)
            try #require(try !jsonTexts(in: bytes).isEmpty)
            try #require(directory.counts.failedLogs == 1 && directory.counts.bytes == bytes.count)
        }
    }

    @Test func filesOfEarlierProcessesCount() throws {
        let folder = try QlogFolder()
        let pair = try Pair.logging(to: try folder.directory())
        pair.endAll(try #require(try pair.connectAndEstablish()))
        let bytes = try #require(try folder.files().first).bytes
        #expect(try folder.directory().counts == QlogDirectory.Counts(files: 1, bytes: bytes.count))
    }

    @Test(arguments: ["/nowhere/qlog", "/proc", "/dev/null"])
    func aDirectoryThatTakesNoFilesIsRefusedByName(path: String) throws {
        let error = #expect(throws: QlogError.self) { try QlogDirectory(uncheckedAt: path) }
        guard case .directory(path, let reason) = error else {
            Issue.record("\(path): \(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty && error?.description.contains(path) == true)
    }

    @Test func limitsThatAreNotAcceptedAreNamed() throws {
        let folder = try QlogFolder()
        var limits = QlogLimits()
        limits.fileLimit = 0
        let error = #expect(throws: QlogError.self) { try folder.directory(limits) }
        #expect(error?.description.contains("0 files") == true && error?.description.contains("1 to 1000000") == true)
    }

    // CVE-2026-40170.
    @Test func versionsBefore1_22_1AreRefused() throws {
        let refused: [(Int32, String)] = [(0x01_0b00, "1.11.0"), (0x01_1600, "1.22.0"), (0x00_ffff, "0.255.255")]
        for (number, version) in refused {
            let error = try #require(LinkedLibraries.qlogRefusal(versionNumber: number, version: version))
            #expect(error == .unsafeLibrary(version: version))
            #expect(error.description.contains(version) && error.description.contains("1.22.1"))
        }
        let accepted: [(Int32, String)] = [(0x01_1601, "1.22.1"), (0x01_1800, "1.24.0"), (0x02_0000, "2.0.0")]
        for (number, version) in accepted {
            #expect(LinkedLibraries.qlogRefusal(versionNumber: number, version: version) == nil)
        }
    }

    @Test func theLinkedVersionIsChecked() throws {
        let folder = try QlogFolder()
        guard let refusal = LinkedLibraries.qlogRefusal else {
            #expect(try QlogDirectory(folder.path).counts.files == 0)
            return
        }
        #expect(refusal == .unsafeLibrary(version: LinkedLibraries.ngtcp2Version))
        #expect(throws: refusal) { try QlogDirectory(folder.path) }
    }
}

/// The objects of a JSON text sequence.
private func jsonTexts(in bytes: Data) throws -> [[String: Any]] {
    try #require(bytes.first == 0x1e && bytes.last == 0x0a)
    return try bytes.split(separator: 0x1e).map { text in
        try #require(text.last == 0x0a)
        return try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
    }
}

extension Pair {
    /// A pair whose server, and whose client, log to these directories.
    fileprivate static func logging(
        to directory: QlogDirectory?,
        clientTo clientDirectory: QlogDirectory? = nil,
        configuration: EndpointConfiguration = EndpointConfiguration()
    ) throws -> Pair {
        var configuration = configuration
        configuration.transport.qlog = directory
        var clientConfiguration = EchoTests.generousClient
        clientConfiguration.transport.qlog = clientDirectory
        return try Pair(
            seed: 1,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: clientConfiguration
        )
    }

    /// Sends `count` bytes and waits for them to come back.
    fileprivate func echo(_ count: Int, on connection: Connection) throws {
        let stream = try send(message(of: count, seed: 1), on: connection)
        run(for: .seconds(60)) { recorder.received(on: connection, stream).isComplete }
        try #require(recorder.received(on: connection, stream).bytes.count == count)
    }

    /// Closes the connection, and waits until nothing is left of any.
    fileprivate func endAll(_ connection: Connection) {
        client.close(connection, at: now)
        run(for: .seconds(120))
        expectEverythingReturned(self)
    }
}

/// A folder for logs.
///
/// Owns: the folder and the files in it. Released by: `deinit`.
private final class QlogFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "qlog-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        removeAll()
    }

    func directory(_ limits: QlogLimits = QlogLimits()) throws -> QlogDirectory {
        try QlogDirectory(uncheckedAt: path, limits: limits)
    }

    func files() throws -> [(name: String, bytes: Data)] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted().map {
            ($0, try Data(contentsOf: URL(filePath: "\(path)/\($0)")))
        }
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }

    func removeAll() {
        try? FileManager.default.removeItem(atPath: path)
    }
}

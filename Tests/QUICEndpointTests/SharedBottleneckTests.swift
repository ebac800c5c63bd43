import BoundedMemory
import Datagrams
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Many clients behind one link, in virtual time: each gets its share, and all of them together fill it.
@Suite struct SharedBottleneckTests {
    private static let memoryBytesLimit = 256 << 20
    /// What a connection may keep when it has been quiet for ten seconds after a transfer: 28 KB when it is new, and what
    /// ngtcp2's pools have grown by since.
    private static let quietBytesLimit = 64 << 10

    private static func settings(connections: Int) -> SharedBottleneck.Settings {
        var settings = SharedBottleneck.Settings(connections: connections)
        settings.server.memoryBudget = MemoryBudget(bytesLimit: memoryBytesLimit)
        return settings
    }

    /// Bodies of 512 KiB take five seconds: the beginning, while all look for their rates at once, and the end, when the last
    /// ones have the link for themselves, cost about a tenth of the capacity.
    @Test func aThousandDownloadsShareALink() throws {
        let settings = Self.settings(connections: 1_000)
        let run = try SharedBottleneck(seed: 1, services: [FetchAndEchoService()], settings: settings)
        let report = try run.transfer(.download, bytesEach: 512 << 10)
        print("1,000 downloads of 512 KiB: \(report)")
        #expect(report.unfinished == 0 && report.closes.isEmpty)
        #expect(report.jainIndex >= 0.9)
        #expect(report.utilisation >= 0.85)
        #expect(report.peakBytes <= Self.memoryBytesLimit)
        expectFloors(report)
        run.end()
        expectEverythingReturned(run.pair)
    }

    @Test func echoesShareALinkInBothDirections() throws {
        let settings = Self.settings(connections: 250)
        let run = try SharedBottleneck(seed: 1, services: [FetchAndEchoService()], settings: settings)
        let report = try run.transfer(.echo, bytesEach: 512 << 10)
        print("250 echoes of 512 KiB: \(report)")
        #expect(report.unfinished == 0 && report.closes.isEmpty)
        #expect(report.jainIndex >= 0.9)
        // They take five seconds, of which the beginning and the end are a larger part.
        #expect(report.utilisation >= 0.7 && report.upwardUtilisation >= 0.7)
        #expect(report.peakBytes <= Self.memoryBytesLimit / 4)
        expectFloors(report)
        run.end()
        expectEverythingReturned(run.pair)
    }

    /// Ten seconds after the last transfer nobody borrows anything but what ngtcp2's pools keep, and the windows have their first
    /// sizes.
    private func expectFloors(_ report: SharingReport) {
        #expect(report.mostHeldByOneAfter <= Self.quietBytesLimit)
        #expect(report.mostBorrowedAfter == 0)
        #expect(report.largestWindowAfter == TransportConfiguration().connectionWindow.initialBytes)
    }

    // MARK: - Negative controls

    @Test func clientsThatGetLessThanOthersAreSeen() throws {
        let settings = Self.settings(connections: 40)
        let run = try SharedBottleneck(seed: 1, services: [FetchAndEchoService()], settings: settings)
        var count = 0
        run.pair.network.admits = { transit in
            count += 1
            return transit.path.local == Pair.serverAddress || transit.path.local.port % 2 == 0 || count % 3 != 0
        }
        let report = try run.transfer(.download, bytesEach: 256 << 10)
        #expect(report.unfinished == 0)
        #expect(report.jainIndex < 0.9, "\(report)")
        #expect(report.utilisation < 0.85, "\(report)")
    }

    @Test func transfersThatTheServerGivesUpAreSeen() throws {
        let run = try SharedBottleneck(seed: 1, services: [GivingUpService()], settings: Self.settings(connections: 40))
        let report = try run.transfer(.download, bytesEach: 256 << 10)
        #expect(report.unfinished == 40)
        #expect(report.jainIndex == 0)
    }

    /// Resets every stream.
    private final class GivingUpService: StreamService {
        let applicationProtocol = "echo"

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
            stream.reset(code: 1)
        }
    }

    @Test func jainsIndexIsOneForEqualRatesAndOneNthWhereOneHasAll() {
        #expect(SharingReport.jainIndex(of: [5, 5, 5, 5]) == 1)
        #expect(SharingReport.jainIndex(of: [8, 0, 0, 0]) == 0.25)
        #expect(SharingReport.jainIndex(of: [3, 1]) == 0.8)
        #expect(SharingReport.jainIndex(of: []) == 0)
    }
}

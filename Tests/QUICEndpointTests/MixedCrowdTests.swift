import BoundedMemory
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Honest clients among hostile ones: none is closed, and all get what they asked for.
@Suite struct MixedCrowdTests {
    /// New ones in every run; a test that fails names its own.
    private static let seeds = (0..<200).map { _ in UInt64.random(in: .min ... .max) }

    /// Of crowds that came to harm once. In this one a lost PING stayed in flight in a congestion window of two packets, and the
    /// next request of its client never left, in 188 of 200 runs: TLS has random values of its own.
    private static let harmfulSeeds = [UInt64](repeating: 5_475_318_520_613_461_758, count: 5)

    private static let memoryBytesLimit = 16 << 20

    @Test(arguments: harmfulSeeds + seeds)
    func noHonestClientIsClosed(seed: UInt64) throws {
        var configuration = EndpointConfiguration()
        configuration.memoryBudget = MemoryBudget(bytesLimit: Self.memoryBytesLimit)
        let crowd = try MixedCrowd(seed: seed, services: [FetchAndEchoService()], configuration: configuration)
        try crowd.run(seconds: 15)
        #expect(crowd.pair.server.ledger.totalUsage.peakBytes <= Self.memoryBytesLimit)
        #expect(crowd.harm.isEmpty, "seed \(seed), hostile: \(crowd.habits)")
        #expect(crowd.completedTransfers > 0)
        crowd.end()
        expectEverythingReturned(crowd.pair)
    }

    // MARK: - Negative controls

    @Test func honestClientsThatAreClosedAreSeen() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.lifetime = .seconds(5)
        let crowd = try MixedCrowd(seed: 1, services: [FetchAndEchoService()], configuration: configuration)
        try crowd.run(seconds: 15)
        #expect(crowd.harm.contains { $0.contains("was closed") && $0.contains(CloseCause.lifetime.label) })
    }
}

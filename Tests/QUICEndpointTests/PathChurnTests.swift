import EchoService
import Glibc
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Following a client to another address ends no process, whatever the client does meanwhile.
///
/// ngtcp2 1.11 has an assertion on that path: more than sixteen retirements unacknowledged while a validation is aborted.
@Suite struct PathChurnTests {
    private static let clientsPerSeed = 60
    /// New ones in every run; a test that fails names its own.
    private static let seeds = (0..<5).map { _ in UInt64.random(in: .min ... .max) }

    private static func churn(seed: UInt64) -> PathChurn {
        var configuration = EndpointConfiguration()
        configuration.transport.allowsMigration = true
        return PathChurn(seed: seed, services: [EchoService()], configuration: configuration)
    }

    @Test(arguments: seeds)
    func noClientEndsTheServer(seed: UInt64) throws {
        var churn = Self.churn(seed: seed)
        try churn.run(clients: Self.clientsPerSeed)
        #expect(churn.followedChanges > Self.clientsPerSeed, "seed \(seed)")
    }

    // MARK: - Negative control

    @Test func aServerThatFollowsEveryChangeIsEnded() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            _ = unsafe setenv("QUICHARNESS_NEGATIVE_CONTROL", "unguarded-migration", 1)
            var churn = PathChurnTests.churn(seed: 1)
            try churn.run(clients: 2_000)
        }
    }
}

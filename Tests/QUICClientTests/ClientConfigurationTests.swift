import QUICClient
import QUICTransport
import QUICWorkers
import Testing

/// A user of the library learns which property of a client's is out of its range, and the range: that of a server's.
@Suite struct ClientConfigurationTests {
    private typealias Change = (inout TransportConfiguration) -> Void

    private final class Silent: StreamService {
        let applicationProtocol = "echo"

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: QUICTransport.Stream) throws(StreamError) {}
    }

    private func configuration(_ change: Change) -> ClientConfiguration {
        var configuration = ClientConfiguration(applicationProtocols: ["echo"])
        configuration.verification = .none
        change(&configuration.transport)
        return configuration
    }

    @Test func eachPropertyIsNamedWithItsRange() {
        let timeouts = "10ms to 24h"
        let packets = "100 to 10000000"
        let cases: [(String, String, String, Change)] = [
            ("idleTimeout", "0s", timeouts, { $0.idleTimeout = .zero }),
            ("idleTimeout", "-1s", timeouts, { $0.idleTimeout = .seconds(-1) }),
            ("handshakeTimeout", "25h", timeouts, { $0.handshakeTimeout = .seconds(90_000) }),
            ("acknowledgementTimeout", "0s", timeouts, { $0.acknowledgementTimeout = .zero }),
            ("noProgressTimeout", "9ms", timeouts, { $0.noProgressTimeout = .milliseconds(9) }),
            ("lifetime", "0s", timeouts, { $0.lifetime = .zero }),
            ("minimumProgressBytes", "0", "1 to 1MiB", { $0.minimumProgressBytes = 0 }),
            ("uselessPacketsPerSecond", "0", packets, { $0.uselessPacketsPerSecond = 0 }),
            ("uselessPacketsPerSecondWhenBusy", "99", packets, { $0.uselessPacketsPerSecondWhenBusy = 99 }),
            ("datagramsPerTurn", "0", "1 to 65536", { $0.datagramsPerTurn = 0 }),
            ("waitingDatagrams", "-1", "0 to 65536", { $0.waitingDatagrams = -1 }),
            ("queuedDatagrams", "65537", "0 to 65536", { $0.queuedDatagrams = 65_537 }),
            ("streamWindow", "1024..1024", "2KiB to 1GiB", { $0.streamWindow = .fixed(1_024) }),
            ("connectionWindow", "1..1", "2KiB to 1GiB", { $0.connectionWindow = .fixed(1) }),
        ]
        for (property, value, accepted, change) in cases {
            let expected = RefusedValue(property: "transport.\(property)", value: value, accepted: accepted)
            let error = #expect(throws: ClientError.self) {
                try Client(configuration: configuration(change)) { _ in Silent() }
            }
            #expect(error == .value(expected), "\(property): \(error.map(\.description) ?? "accepted")")
        }
    }

    /// None of them is checked against another here: a client promises its peers no memory plan.
    @Test func theLimitsThemselvesAreAccepted() async throws {
        let client = try Client(
            configuration: configuration {
                $0.idleTimeout = .milliseconds(10)
                $0.lifetime = .seconds(86_400)
                $0.queuedDatagrams = 0
                $0.streamWindow = .fixed(2_048)
                $0.connectionWindow = .fixed(2_048)
            }
        ) { _ in Silent() }
        _ = try await client.shutDown()
    }
}

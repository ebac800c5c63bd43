import QUICEndpoint
import QUICTransport
import Testing

@testable import QUICServer

/// A user of the library learns which property is out of its range, and the range.
@Suite struct ConfigurationRangeTests {
    private typealias Change = (inout ServerConfiguration) -> Void

    @Test func theDefaultsAreAccepted() throws {
        try ServerConfiguration().checkRanges()
    }

    @Test func eachPropertyIsNamedWithItsRange() {
        let counts = "1 to 10000000"
        let cases: [(String, String, String, Change)] = [
            ("workerCount", "0", "1 to 256", { $0.workerCount = 0 }),
            ("eventLogCapacity", "-1", "0 to 65536", { $0.eventLogCapacity = -1 }),
            ("tokenKeys.lifetime", "1s", "1m to 720h", { $0.tokenKeys.lifetime = .seconds(1) }),
            ("admission.connectionsPerSource", "-1", "1 to 1000000", { $0.admission.connectionsPerSource = -1 }),
            ("admission.handshakesPerSource", "0", "1 to 1000000", { $0.admission.handshakesPerSource = 0 }),
            ("admission.handshakesInFlight", "0", counts, { $0.admission.handshakesInFlight = 0 }),
            ("admission.connections", "-1", counts, { $0.admission.connections = -1 }),
            ("admission.sourcesLimit", "0", counts, { $0.admission.sourcesLimit = 0 }),
            ("admission.waitingInitials", "0", "1 to 65536", { $0.admission.waitingInitials = 0 }),
            ("admission.handshakeStepsPerTurn", "0", "1 to 1000000", { $0.admission.handshakeStepsPerTurn = 0 }),
            ("admission.handshakesBeforeRetry", "-1", "0 to 10000000", { $0.admission.handshakesBeforeRetry = -1 }),
            (
                "admission.statelessRepliesPerSecond", "-1", "0 to 10000000",
                { $0.admission.statelessRepliesPerSecond = -1 }
            ),
            ("transport.idleTimeout", "0s", "10ms to 24h", { $0.transport.idleTimeout = .zero }),
            ("transport.handshakeTimeout", "9ms", "10ms to 24h", { $0.transport.handshakeTimeout = .milliseconds(9) }),
            (
                "transport.acknowledgementTimeout", "-1s", "10ms to 24h",
                { $0.transport.acknowledgementTimeout = .seconds(-1) }
            ),
            (
                "transport.noProgressTimeout", "25h", "10ms to 24h",
                { $0.transport.noProgressTimeout = .seconds(90_000) }
            ),
            ("transport.lifetime", "0s", "10ms to 24h", { $0.transport.lifetime = .zero }),
            ("transport.minimumProgressBytes", "0", "1 to 1MiB", { $0.transport.minimumProgressBytes = 0 }),
            ("transport.uselessPacketsPerSecond", "0", "100 to 10000000", { $0.transport.uselessPacketsPerSecond = 0 }),
            (
                "transport.uselessPacketsPerSecondWhenBusy", "99", "100 to 10000000",
                { $0.transport.uselessPacketsPerSecondWhenBusy = 99 }
            ),
            ("transport.datagramsPerTurn", "0", "1 to 65536", { $0.transport.datagramsPerTurn = 0 }),
            ("transport.waitingDatagrams", "-1", "0 to 65536", { $0.transport.waitingDatagrams = -1 }),
            ("transport.queuedDatagrams", "-1", "0 to 65536", { $0.transport.queuedDatagrams = -1 }),
            ("transport.streamWindow", "1..4096", "2KiB to 1GiB", { $0.transport.streamWindow.initialBytes = 1 }),
            (
                "transport.connectionWindow", "1024..1024", "2KiB to 1GiB",
                { $0.transport.connectionWindow = .fixed(1_024) }
            ),
        ]
        for (property, value, accepted, change) in cases {
            var configuration = ServerConfiguration()
            configuration.transport.streamWindow = WindowRange(initialBytes: 4_096, maximumBytes: 4_096)
            change(&configuration)
            let expected = RefusedValue(property: property, value: value, accepted: accepted)
            let error = #expect(throws: ServerError.self) { try MemoryPlan(configuration) }
            #expect(error?.description == "\(property) \(value) is not accepted: use \(accepted)")
            guard case .value(expected) = error else {
                Issue.record("\(property): \(error.map(\.description) ?? "accepted")")
                continue
            }
        }
    }
}

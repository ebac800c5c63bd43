import Foundation
import LoadModel
import Testing

@Suite struct LoadScenarioTests {
    @Test func theLimitsThemselvesAreAccepted() throws {
        let smallest = try LoadScenario(
            validatingConnections: 1,
            ratePerSecond: 0.001,
            messageBytes: 0,
            hold: .zero,
            sockets: 1,
            applicationProtocol: "h"
        )
        let largest = try LoadScenario(
            validatingConnections: 1_000_000,
            ratePerSecond: 100_000,
            messageBytes: 1 << 30,
            hold: .seconds(86_400),
            sockets: 1_024,
            applicationProtocol: String(repeating: "h", count: 255)
        )
        #expect(smallest.connections == 1)
        #expect(largest.connections == 1_000_000)
    }

    private func message(_ make: () throws -> LoadScenario) -> String? {
        (#expect(throws: ScenarioError.self) { try make() })?.description
    }

    @Test func aRefusedNumberIsNamedWithWhatIsAccepted() {
        #expect(
            message { try LoadScenario(validatingConnections: 0, ratePerSecond: 1) }
                == "connections 0 is not accepted: use 1 to 1000000"
        )
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: 1, sockets: 1_025) }
                == "sockets 1025 is not accepted: use 1 to 1024"
        )
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: 1, messageBytes: 2 << 30) }
                == "message-bytes 2GiB is not accepted: use 0 to 1GiB"
        )
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: 1, applicationProtocol: "") }
                == "alpn \"\" is not accepted: use a name of 1 to 255 bytes"
        )
    }

    @Test func aRefusedDurationIsNamedWithWhatIsAccepted() {
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: 1, hold: .seconds(90_000)) }
                == "hold 25h is not accepted: use 0s to 24h"
        )
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: 1, dialTimeout: .zero) }
                == "dial-timeout 0s is not accepted: use 1ms to 1h"
        )
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: 1, echoTimeout: .seconds(3_601)) }
                == "echo-timeout 3601s is not accepted: use 1ms to 1h"
        )
    }

    @Test(arguments: [0, -1, 100_000.5, .nan, .infinity])
    func aRateOutOfRangeIsRefused(rate: Double) {
        #expect(
            message { try LoadScenario(validatingConnections: 1, ratePerSecond: rate) }
                == "rate \(rate) is not accepted: use more than 0 and at most 100000 connections per second"
        )
    }

    @Test func anEchoIsExpectedOnlyOfAMessage() throws {
        func expectsEcho(_ mode: LoadMode, _ messageBytes: Int) throws -> Bool {
            try LoadScenario(validatingConnections: 1, ratePerSecond: 1, mode: mode, messageBytes: messageBytes)
                .expectsEcho
        }
        #expect(try expectsEcho(.echo, 1) && expectsEcho(.abandon, 1))
        #expect(try !expectsEcho(.echo, 0) && !expectsEcho(.abandon, 0))
        #expect(try !expectsEcho(.hold, 1) && !expectsEcho(.close, 1))
    }

    @Test func aScenarioSurvivesJSON() throws {
        let scenario = try LoadScenario(
            validatingConnections: 5_000,
            ratePerSecond: 999.5,
            mode: .abandon,
            messageBytes: 65_536,
            hold: .milliseconds(2_300),
            dialTimeout: .milliseconds(100),
            echoTimeout: .seconds(7),
            sockets: 16,
            applicationProtocol: "hq-interop",
            seed: .max
        )
        let json = try JSONEncoder().encode(scenario)
        #expect(try JSONDecoder().decode(LoadScenario.self, from: json) == scenario)
    }

    @Test func aScenarioFromJSONIsValidated() throws {
        let scenario = try LoadScenario(validatingConnections: 41, ratePerSecond: 1)
        let json = String(decoding: try JSONEncoder().encode(scenario), as: UTF8.self)
        let broken = json.replacingOccurrences(of: "\"connections\":41", with: "\"connections\":0")
        #expect(broken != json)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(LoadScenario.self, from: Data(broken.utf8))
        }
    }
}

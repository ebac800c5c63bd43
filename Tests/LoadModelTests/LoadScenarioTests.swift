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
            mode: .hold,
            messageBytes: 1 << 30,
            hold: .seconds(86_400),
            sockets: 1_024,
            applicationProtocol: String(repeating: "h", count: 31)
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
            message {
                try LoadScenario(validatingConnections: 1, ratePerSecond: 1, mode: .hold, applicationProtocol: "")
            }
                == "alpn \"\" is not accepted: use a name of 1 to 31 bytes"
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

    /// A scenario in which no value is the default.
    private func unusual() -> LoadScenario {
        var scenario = LoadScenario(mode: .bulk, pace: .closed(concurrency: 7))
        scenario.connections = 5_000
        scenario.duration = .seconds(11)
        scenario.ramp = .milliseconds(1_500)
        scenario.streams = 3
        scenario.messages = 4
        scenario.messageBytes = 65_536
        scenario.usesFreshStreams = true
        scenario.thinkTime = .milliseconds(20)
        scenario.bulk = .download
        scenario.bulkBytes = 1 << 30
        scenario.hold = .milliseconds(2_300)
        scenario.step = 10
        scenario.settle = .milliseconds(50)
        scenario.dialTimeout = .milliseconds(100)
        scenario.echoTimeout = .seconds(7)
        scenario.idleTimeout = .seconds(8)
        scenario.keepAlive = .seconds(9)
        scenario.keyUpdateEvery = 5
        scenario.rebindEvery = 6
        scenario.streamWindowBytes = 32_768
        scenario.connectionWindowBytes = 1 << 20
        scenario.readBytesPerSecond = 100_000
        scenario.resumes = true
        scenario.sockets = 16
        scenario.localAddresses = ["127.0.0.2", "127.0.0.3"]
        scenario.workers = 2
        scenario.applicationProtocol = "hq-interop"
        scenario.serverName = "example.net"
        scenario.certificateAuthorities = "/etc/authorities.pem"
        scenario.seed = .max
        return scenario
    }

    @Test func aScenarioSurvivesJSON() throws {
        var open = LoadScenario(mode: .abandon, pace: .open(ratePerSecond: 999.5))
        open.connections = 10
        for scenario in [unusual(), open] {
            let json = try JSONEncoder().encode(scenario)
            #expect(try JSONDecoder().decode(LoadScenario.self, from: json) == scenario)
        }
    }

    @Test func reportsOfOlderGeneratorsHaveTheWindowsThoseHad() throws {
        let json = try JSONEncoder().encode(unusual())
        var object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        for key in ["stream_window_bytes", "connection_window_bytes", "read_bytes_per_second"] {
            #expect(object.removeValue(forKey: key) != nil)
        }
        let old = try JSONDecoder().decode(LoadScenario.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(old.streamWindowBytes == 64 << 10)
        #expect(old.connectionWindowBytes == 256 << 10)
        #expect(old.readBytesPerSecond == nil)
    }

    @Test func valuesThatDoNotGoTogetherAreRefused() {
        func refusal(_ change: (inout LoadScenario) -> Void) -> String? {
            var scenario = LoadScenario(mode: .echo)
            scenario.connections = 100
            change(&scenario)
            return message {
                try scenario.validate()
                return scenario
            }
        }
        #expect(refusal { $0.connections = nil } == "connections unset is not accepted: use it, or duration")
        #expect(
            refusal { $0.applicationProtocol = "foo" }
                == "mode echo is not accepted: use hold, close or idle-herd with ALPN foo, or message-bytes 0"
        )
        #expect(
            refusal {
                $0.mode = .bulk
                $0.bulk = .upload
            } == "bulk upload is not accepted: use it with ALPN h3"
        )
        #expect(
            refusal {
                $0.rebindEvery = 1
                $0.workers = 3
            } == "sockets 4 is not accepted: use 6 or more with as many workers, local addresses and rebinds"
        )
        #expect(
            refusal {
                $0.mode = .idleHerd
                $0.connections = 10_001
                $0.step = 10
            } == "step 10 is not accepted: use 11 or more for 10001 connections"
        )
        #expect(
            refusal {
                $0.mode = .idleHerd
                $0.pace = .closed(concurrency: 5)
            } == "concurrency set is not accepted: use rate with mode idle-herd"
        )
        #expect(refusal { $0.streamWindowBytes = 1_023 } == "stream-window 1023 is not accepted: use 1KiB to 1GiB")
        #expect(
            refusal { $0.streamWindowBytes = 1 << 20 }
                == "stream-window 1MiB is not accepted: use at most the connection's window, 256KiB"
        )
        #expect(refusal { $0.readBytesPerSecond = 0 } == "read-rate 0 is not accepted: use 1 to 1GiB")
        #expect(
            refusal { $0.pace = .closed(concurrency: 0) } == "concurrency 0 is not accepted: use 1 to 100000"
        )
    }

    @Test func theConnectionsOfAnOpenLoopAreKnownBeforehand() {
        var scenario = LoadScenario(mode: .echo, pace: .open(ratePerSecond: 100))
        scenario.duration = .seconds(2)
        #expect(scenario.connectionsLimit == 200)
        scenario.connections = 50
        #expect(scenario.connectionsLimit == 50)
        scenario.connections = nil
        scenario.ramp = .seconds(2)
        #expect(scenario.connectionsLimit == 100)
        scenario.pace = .closed(concurrency: 5)
        #expect(scenario.connectionsLimit == nil)
    }

    @Test func bulkGoesTheWayTheProtocolHas() {
        func direction(_ name: String) -> BulkDirection? {
            var scenario = LoadScenario(mode: .bulk)
            scenario.applicationProtocol = name
            return scenario.bulkDirection
        }
        #expect(direction("echo") == .echo)
        #expect(direction("hq-interop") == .download)
        #expect(direction("h3") == .download)
        #expect(direction("foo") == nil)
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

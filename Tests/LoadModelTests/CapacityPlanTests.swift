import Foundation
import LoadModel
import Testing

@Suite struct CapacityPlanTests {
    private func input(
        _ weights: [ArrivalKind: Double] = [.honest: 7, .silent: 1, .halfOpen: 1, .closing: 1],
        baseBytes: Int = 32 << 20
    ) throws -> CapacityInput {
        try CapacityInput(
            stateBytes: [.handshaking: 62_000, .established: 32_000, .closing: 400],
            closingTime: .milliseconds(1_500),
            useTime: .seconds(5),
            weights: weights,
            baseBytes: baseBytes
        )
    }

    @Test func eachKindIsHeldForItsTimeout() throws {
        func bytes(_ kind: ArrivalKind) throws -> Double {
            try CapacityPlan(ratePerSecond: 100, input: input([kind: 1], baseBytes: 0)).memoryBytes
        }
        #expect(try bytes(.halfOpen) == 100 * 10 * 62_000)
        #expect(try bytes(.silent) == 100 * 30 * 32_000)
        #expect(try bytes(.closing) == 100 * 1.5 * 400)
        #expect(try bytes(.honest) == 100 * (5 * 32_000 + 1.5 * 400))
    }

    @Test func asManyAreLiveAsArriveWhileOneIsHeld() throws {
        let plan = try CapacityPlan(ratePerSecond: 1_000, input: input())
        #expect(abs(plan.live(.handshaking) - 1_000) < 1e-6)
        #expect(abs(plan.live(.established) - (700 * 5 + 100 * 30)) < 1e-6)
        #expect(abs(plan.live(.closing) - 800 * 1.5) < 1e-6)
    }

    @Test(arguments: [1.0, 333.3, 25_000])
    func theMemoryForARateSurvivesThatRate(rate: Double) throws {
        let needed = try CapacityPlan(ratePerSecond: rate, input: input())
        let survived = try CapacityPlan(memoryBytesLimit: Int(needed.memoryBytes.rounded(.up)), input: input())
        #expect(abs(survived.ratePerSecond - rate) < rate * 1e-5)
        #expect(survived.shares.map(\.kind) == [.honest, .silent, .halfOpen, .closing])
        #expect(abs(survived.shares.reduce(0) { $0 + $1.share } - 1) < 1e-12)
        #expect(abs(survived.shares.reduce(0) { $0 + $1.ratePerSecond } - rate) < rate * 1e-5)
    }

    @Test func aLimitBelowTheProcessItselfSurvivesNothing() throws {
        #expect(try CapacityPlan(memoryBytesLimit: 31 << 20, input: input()).ratePerSecond == 0)
        #expect(try CapacityPlan(ratePerSecond: 0, input: input()).memoryBytes == Double(32 << 20))
    }

    @Test func theTextIsAligned() throws {
        let text = try CapacityPlan(memoryBytesLimit: 1 << 30, input: input([.honest: 9, .silent: 1])).text
        #expect(
            text == """
                arrivals             share  per second  held for   live     memory
                honest              90.0 %      3891.9     6.5 s  25298  596.1 MiB
                silent              10.0 %       432.4    30.0 s  12973  395.9 MiB
                the process itself                                          32 MiB
                all                             4324.4            38271      1 GiB

                at any moment: 0 handshaking, 32433 established, 5838 closing

                """
        )
    }

    @Test func aPlanSurvivesJSON() throws {
        let plan = try CapacityPlan(ratePerSecond: 10, input: input())
        let json = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(CapacityPlan.self, from: json) == plan)
        #expect(String(decoding: json, as: UTF8.self).contains(#""kind":"half_open""#))
    }

    @Test func whatCannotBeCalculatedWithIsRefused() throws {
        func refusal(_ make: () throws -> Void) -> String? {
            #expect(throws: ScenarioError.self) { try make() }?.name
        }
        #expect(refusal { _ = try CapacityInput(stateBytes: [.closing: -1], weights: [.honest: 1]) } == "closing-bytes")
        #expect(
            refusal { _ = try CapacityInput(stateBytes: [:], idleTimeout: .seconds(-1), weights: [.honest: 1]) }
                == "idle-timeout"
        )
        #expect(refusal { _ = try CapacityInput(stateBytes: [:], weights: [.honest: 1], baseBytes: -1) } == "base")
        for weights in [[:], [ArrivalKind.silent: 0.0], [.silent: 2, .honest: -1], [.honest: .infinity]] {
            #expect(refusal { _ = try CapacityInput(stateBytes: [:], weights: weights) } == "mix")
        }
        #expect(refusal { _ = try CapacityPlan(ratePerSecond: -1, input: self.input()) } == "rate")
        #expect(refusal { _ = try CapacityPlan(ratePerSecond: .nan, input: self.input()) } == "rate")
        #expect(
            refusal {
                let free = try CapacityInput(stateBytes: [:], weights: [.honest: 1])
                _ = try CapacityPlan(memoryBytesLimit: 1, input: free)
            } == "mix"
        )
    }
}

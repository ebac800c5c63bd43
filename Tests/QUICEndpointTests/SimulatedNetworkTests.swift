import Datagrams
import QUICTesting
import Testing

@Suite struct SimulatedNetworkTests {
    private let path = NetworkPath(
        local: Pair.serverAddress,
        remote: SocketAddress(ipv4: 198, 51, 100, 7, port: 1)
    )

    @Test(arguments: testSeeds)
    func datagramsArriveInTheOrderOfTheirArrivalTimes(seed: UInt64) {
        let conditions = SimulatedNetwork.Conditions(jitter: .milliseconds(50), loss: 0.1, duplication: 0.2)
        var network = SimulatedNetwork(seed: seed, conditions: conditions)
        var generator = SeededGenerator(seed: seed)
        var now = MonotonicInstant(nanoseconds: 0)
        var (underWay, arrived) = (0, 0)
        for _ in 0..<2_000 {
            underWay += network.carry([1], path: path, at: now)
            now = now.advanced(by: .microseconds(.random(in: 0...100, using: &generator)))
            guard generator.chance(30) else { continue }
            arrived += takeArrived(from: &network, at: now, seed: seed)
        }
        #expect(arrived + network.inTransitCount == underWay, "seed \(seed)")
        arrived += takeArrived(from: &network, at: now.advanced(by: .seconds(1)), seed: seed)
        #expect(arrived == underWay && underWay > 1_000, "seed \(seed)")
        #expect(network.nextArrival == nil)
    }

    private func takeArrived(from network: inout SimulatedNetwork, at now: MonotonicInstant, seed: UInt64) -> Int {
        var latest = MonotonicInstant(nanoseconds: 0)
        var count = 0
        while let transit = network.popArrived(by: now) {
            #expect(transit.arrival >= latest && transit.arrival <= now, "seed \(seed)")
            latest = transit.arrival
            count += 1
        }
        if let next = network.nextArrival { #expect(next > now, "seed \(seed)") }
        return count
    }

    @Test func datagramsThatArriveTogetherKeepTheirOrder() {
        var network = SimulatedNetwork(seed: 1)
        let now = MonotonicInstant(nanoseconds: 0)
        for number in UInt8(0)..<200 { network.carry([number], path: path, at: now) }
        let arrival = now.advanced(by: .milliseconds(5))
        for number in UInt8(0)..<200 { #expect(network.popArrived(by: arrival)?.bytes == [number]) }
        #expect(network.popArrived(by: arrival) == nil)
    }
}

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

    @Test func aBottleneckSendsOneAfterTheOtherAndDropsThoseThatFindItsQueueFull() throws {
        // With 28 bytes of headers 1,000 bytes, which take a millisecond.
        let bytes = [UInt8](repeating: 0, count: 972)
        var network = SimulatedNetwork(seed: 1)
        let link = SharedLink(bitsPerSecond: 8_000_000, queueBytesLimit: 10_000)
        network.bottleneck = SimulatedNetwork.Bottleneck(server: Pair.serverAddress, link)
        let begin = MonotonicInstant(nanoseconds: 0)
        for _ in 0..<15 { network.carry(bytes, path: path, at: begin) }
        network.carry(bytes, path: path.reversed, at: begin)
        #expect(network.inTransitCount == 11)
        // Two have left the queue, so there is room for two more.
        let later = begin.advanced(by: .milliseconds(2))
        for _ in 0..<5 { network.carry(bytes, path: path, at: later) }
        let arrivals = (0..<20).compactMap { _ in network.popArrived(by: .distantFuture) }
        let toServer = arrivals.filter { $0.path.local == Pair.serverAddress }.map(\.arrival)
        #expect(toServer == (1...12).map { begin.advanced(by: .milliseconds(5 + $0)) })
        #expect(arrivals.count == 13)
        let links = try #require(network.bottleneck)
        #expect(links.toServer.droppedDatagrams == 8 && links.toClients.droppedDatagrams == 0)
        #expect(links.toServer.sentDatagrams == 12 && links.toServer.sentBytes == 12_000)
        #expect(links.toServer.queueBytesPeak == 10_000)
        #expect(links.toServer.utilisation(ofBytes: 12_000, in: .milliseconds(24)) == 0.5)
    }

    @Test func aQueueThatDropsEarlyIsNeverFullAndDropsNothingBelowThreeQuarters() throws {
        let bytes = [UInt8](repeating: 0, count: 972)
        var network = SimulatedNetwork(seed: 1)
        let link = SharedLink(
            bitsPerSecond: 8_000_000,
            queueBytesLimit: 100_000,
            discipline: .randomEarly(seed: 1)
        )
        network.bottleneck = SimulatedNetwork.Bottleneck(server: Pair.serverAddress, link)
        var now = MonotonicInstant(nanoseconds: 0)
        for _ in 0..<75 { network.carry(bytes, path: path, at: now) }
        #expect(network.bottleneck?.toServer.droppedDatagrams == 0)
        // Twice as many as it sends.
        for _ in 0..<2_000 {
            now = now.advanced(by: .microseconds(500))
            network.carry(bytes, path: path, at: now)
        }
        let used = try #require(network.bottleneck).toServer
        #expect((900...1_100).contains(used.droppedDatagrams))
        #expect(used.queueBytesPeak < 100_000)
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

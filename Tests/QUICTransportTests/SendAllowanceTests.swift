import Testing

@testable import QUICTransport

@Suite struct SendAllowanceTests {
    /// Measured with ngtcp2 1.11: 220 packets of 1,200 bytes in flight, with whole windows lost, peak at 122 KB.
    @Test func theFirstAllowanceIsAboutAHundredAndFiftyFullPackets() {
        let packets = SendAllowance().inFlightLimit(allowedBytes: SendAllowance.baseBytes) / 1_200
        #expect((130...220).contains(packets), "\(packets)")
    }

    @Test func theLeastAllowanceIsAnInitialCongestionWindow() {
        #expect(SendAllowance().inFlightLimit(allowedBytes: SendAllowance.leastBytes) >= 10 * 1_200)
    }

    @Test func smallPacketsCostMoreOfIt() {
        var allowance = SendAllowance()
        let full = allowance.inFlightLimit(allowedBytes: 100_000)
        for _ in 0..<200 { allowance.note(packetOf: 100, frameCount: 1) }
        let small = allowance.inFlightLimit(allowedBytes: 100_000)
        // 304 bytes are kept for each packet, of which 1.5 times as many may be in flight at once.
        #expect(abs(small - 100_000 * 100 / 456) < 300, "\(small)")
        #expect(small < full / 5)
        for _ in 0..<200 { allowance.note(packetOf: 1_200, frameCount: 1) }
        #expect(abs(allowance.inFlightLimit(allowedBytes: 100_000) - full) < full / 50)
    }

    /// ngtcp2 keeps no frame of them: 176 bytes for each packet.
    @Test func datagramsCostThePacketTheyAreIn() {
        var allowance = SendAllowance()
        for _ in 0..<200 { allowance.note(packetOf: 100, frameCount: 0, hasDatagrams: true) }
        let datagrams = allowance.inFlightLimit(allowedBytes: 100_000)
        #expect(abs(datagrams - 100_000 * 100 / 264) < 500, "\(datagrams)")
    }

    @Test func packetsWithoutStreamsSayNothing() {
        var allowance = SendAllowance()
        allowance.note(packetOf: 30, frameCount: 0)
        allowance.note(packetOf: -210, frameCount: 1)
        #expect(allowance.inFlightLimit(allowedBytes: 1 << 20) == SendAllowance().inFlightLimit(allowedBytes: 1 << 20))
    }
}

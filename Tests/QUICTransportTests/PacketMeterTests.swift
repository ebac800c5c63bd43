import Datagrams
import Testing

@testable import QUICTransport

@Suite struct PacketMeterTests {
    private func moment(_ milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func takesEightBytes() {
        #expect(MemoryLayout<PacketMeter>.stride == 8)
    }

    @Test func countsPacketsThatBringNothingAndForgetsThemWithTheWindow() {
        var meter = PacketMeter()
        for _ in 0..<500 { meter.noteOpened(1, at: moment(2_000)) }
        #expect(meter.uselessPackets == 500)
        meter.noteOpened(1, at: moment(3_300))
        #expect(meter.uselessPackets == 1)
    }

    @Test func whatPacketsBringMakesUpForThemInTheSameWindowOnly() {
        var meter = PacketMeter()
        meter.noteOpened(10, at: moment(2_000))
        meter.noteUseful(10 * PacketMeter.usefulBytesPerPacket)
        #expect(meter.uselessPackets == 0)
        meter.noteUseful(.max)
        meter.noteOpened(1_000, at: moment(2_001))
        #expect(meter.uselessPackets == 0)
        meter.noteOpened(7, at: moment(2_001))
        #expect(meter.uselessPackets == 7)
    }

    @Test func staysAtItsEnds() {
        var meter = PacketMeter()
        for _ in 0..<100_000 { meter.noteOpened(.max, at: moment(2_000)) }
        #expect(meter.uselessPackets == Int(Int32.max) / PacketMeter.usefulBytesPerPacket)
        meter.noteUseful(.max)
        #expect(meter.uselessPackets > 0)
    }
}

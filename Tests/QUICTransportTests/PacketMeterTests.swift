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
        for _ in 0..<500 { meter.noteOpened(1, since: meter, at: moment(2_000)) }
        #expect(meter.uselessPackets == 500)
        meter.noteOpened(1, since: meter, at: moment(3_300))
        #expect(meter.uselessPackets == 1)
    }

    @Test func whatPacketsBringMakesUpForThemInTheSameWindowOnly() {
        var meter = PacketMeter()
        meter.noteOpened(10, since: meter, at: moment(2_000))
        meter.noteUseful(10 * PacketMeter.usefulBytesPerPacket)
        #expect(meter.uselessPackets == 0)
        meter.noteUseful(.max)
        meter.noteOpened(1_000, since: meter, at: moment(2_001))
        #expect(meter.uselessPackets == 0)
        meter.noteOpened(7, since: meter, at: moment(2_001))
        #expect(meter.uselessPackets == 7)
    }

    @Test func aPacketThatBringsAByteIsNotUselessHoweverManyThereAre() {
        var meter = PacketMeter()
        for _ in 0..<10_000 {
            let before = meter
            meter.noteUseful(1)
            meter.noteOpened(1, since: before, at: moment(2_000))
            #expect(meter.uselessPackets == 0)
        }
        // What they brought is little: each makes up for a thirty-second part of another, up to the limit.
        for _ in 0..<1_200 { meter.noteOpened(1, since: meter, at: moment(2_001)) }
        #expect((200...1_000).contains(meter.uselessPackets))
    }

    @Test func staysAtItsEnds() {
        var meter = PacketMeter()
        for _ in 0..<100_000 { meter.noteOpened(.max, since: meter, at: moment(2_000)) }
        #expect(meter.uselessPackets == Int(Int32.max) / PacketMeter.usefulBytesPerPacket)
        meter.noteUseful(.max)
        #expect(meter.uselessPackets > 0)
    }
}

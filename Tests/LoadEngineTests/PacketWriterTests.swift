import PacketWriter
import Testing

@Suite struct PacketWriterTests {
    private static let destination: [UInt8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08]

    // RFC 9001 §A.2: the client's first packet, with packet number 2.
    @Test func theSamplePacketOfTheRFCIsWrittenAsItStandsThere() {
        let hello = """
            060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e0000\
            0b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e0005000501000000000033002600\
            24001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408\
            050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51\
            570806048000ffff
            """
        var writer = InitialPacketWriter(destination: Self.destination, source: [], firstPacketNumber: 2)
        let packet = writer.datagram(Self.bytes(hello))
        #expect(packet.count == 1_200)
        #expect(Array(packet[..<22]) == Self.bytes("c000000001088394c8f03e5157080000449e7b9aec34"))
        #expect(Array(packet[22..<38]) == Self.bytes("d1b1c98dd7689fb8ec11d242b123dc9b"))
        #expect(Array(packet.suffix(16)) == Self.bytes("e221af44860018ab0856972e194cd934"))
    }

    @Test func whatAnInitialCarriesIsReadBack() throws {
        var writer = InitialPacketWriter(destination: Self.destination, source: [1, 2, 3, 4])
        let initial = try #require(OpenedInitial(writer.datagram(Frame.crypto([UInt8](repeating: 5, count: 100)))))
        #expect(initial.destination == Self.destination)
        #expect(initial.source == [1, 2, 3, 4])
        #expect(initial.frames == Frame.crypto([UInt8](repeating: 5, count: 100)))
    }

    @Test(arguments: [(0, 0), (5, 5), (250, 250), (255, 256), (1_000, 1_003), (70_000, 70_100)])
    func aPacketIsReadBackWhateverItsNumberAndKeyPhase(largest: UInt32, number: UInt32) throws {
        let keys = PacketKeys(secret: [UInt8](repeating: 9, count: 32))
        var writer = OneRTTPacketWriter(keys: keys, destination: Self.destination, firstPacketNumber: number)
        let first = try #require(keys.open(writer.packet(Frame.ping), numberOffset: 9, after: largest))
        #expect(first.number == number)
        #expect(first.payload.prefix(1) == [1])
        writer.updateKeys()
        let packet = writer.packet(Frame.ping)
        #expect(keys.open(packet, numberOffset: 9, after: largest) == nil)
        #expect(keys.next.open(packet, numberOffset: 9, after: largest)?.number == number + 1)
    }

    // RFC 9000 §19.3.1: the smallest of a range is its largest less the range; the next largest is that less the gap less 2.
    @Test func rangesOfAnAcknowledgementAreWrittenAsTheyAreRead() {
        #expect(Frame.acknowledgement([10...12, 5...7, 1...1]) == [2, 12, 0, 2, 2, 1, 2, 2, 0])
    }

    @Test func whatAServerSaysOfAcknowledgementsAndStreamsIsRead() {
        let ranges: [ClosedRange<UInt64>] = [10...12, 5...7, 1...1]
        var frames = ServerFrames(Frame.acknowledgement(ranges) + Frame.maximumStreamData(4, 900) + Frame.ping)
        let final = Frame.stream(0, offset: 70, [1, 2, 3], isFinal: true)
        frames.add(ServerFrames(final + Frame.maximumStreamData(4, 800)))
        // Without a length: to the end of the packet.
        frames.add(ServerFrames([0x0d, 8, 5, 1, 2]))
        #expect(frames.isWhole)
        #expect(frames.acknowledged == ranges)
        #expect(frames.streamDataLimits == [4: 900])
        #expect(frames.finalSizes == [0: 73, 8: 7])
    }

    @Test(arguments: [[0x02, 3, 0, 0, 4], [0x02, 9, 0, 1, 2, 6, 0], [0x0a, 0, 9, 1]] as [[UInt8]])
    func aFrameThatMakesNoSenseIsNotRead(_ frame: [UInt8]) {
        let frames = ServerFrames(frame + Frame.maximumData(7))
        #expect(!frames.isWhole)
        #expect(frames.acknowledged.isEmpty)
        #expect(frames.dataLimit == 0)
    }

    // RFC 9000 §A.1.
    @Test func variableLengthIntegersAreThoseOfTheRFC() {
        #expect(varint(37) == [0x25])
        #expect(varint(15_293) == [0x7b, 0xbd])
        #expect(varint(494_878_333) == [0x9d, 0x7f, 0x3e, 0x7d])
        #expect(varint(151_288_809_941_952_652) == [0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c])
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
    }
}

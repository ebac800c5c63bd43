import Datagrams
import PacketWriter
import QUICTesting

/// Makes up packets for a ``HostileClient``: almost always such as the protocol allows, so that they get far.
struct FrameFuzzer {
    private let client: HostileClient
    private var generator: SeededGenerator
    private var readPackets = 0
    private var pendingChallenges: [[UInt8]] = []
    /// The server's connection IDs and the one in use, by sequence number.
    private var serverIDs: [UInt64: [UInt8]] = [:]
    private var serverIDInUse: UInt64 = 0
    /// Beyond those that the honest client offered.
    private var nextClientID: UInt64 = 2
    private var streamLimit: UInt64 = 16
    /// How long each stream is, chosen when it is first touched.
    private var streamSizes: [UInt64: UInt64] = [:]
    /// How far each stream was used, and all together.
    private var usedOffsets: [UInt64: UInt64] = [:]
    private var usedBytes: UInt64 = 0
    private var dataLimit: UInt64 = 64 * 1024
    private let sources: [SocketAddress]
    private var source: SocketAddress

    private let sendsDatagrams: Bool

    init(client: HostileClient, sendsDatagrams: Bool, generator: SeededGenerator) {
        self.sendsDatagrams = sendsDatagrams
        self.client = client
        self.generator = generator
        source = client.address
        sources = [client.address] + (1...4).map { SocketAddress(ipv4: 203, 0, 113, $0, port: 1_000) }
    }

    mutating func sendPacket() {
        readHeard()
        if generator.chance(3) { source = sources.randomElement(using: &generator) ?? source }
        if generator.chance(3), let id = serverIDs.keys.sorted().randomElement(using: &generator) { serverIDInUse = id }
        var frames: [UInt8] = []
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            let frame = generator.chance(0.001) ? makeForbiddenFrame() : makeFrame()
            if frames.count + frame.count <= 1_300 { frames += frame }
        }
        client.send(frames, from: source, to: serverIDs[serverIDInUse])
    }

    private mutating func readHeard() {
        for packet in client.heard[readPackets...] {
            let frames = ServerFrames(packet.payload)
            pendingChallenges += frames.pathChallenges
            serverIDs.merge(frames.connectionIDs) { first, _ in first }
            streamLimit = max(streamLimit, frames.streamLimit)
            dataLimit = max(dataLimit, frames.dataLimit)
        }
        readPackets = client.heard.count
    }
}

// MARK: - Frames

extension FrameFuzzer {
    private mutating func makeFrame() -> [UInt8] {
        if sendsDatagrams, generator.chance(10) { return Frame.datagram(random(Int(number(700)))) }
        return switch Int.random(in: 0..<100, using: &generator) {
        case ..<40: makeStream()
        case ..<60: makeAcknowledgement()
        case ..<66: makeResetStream()
        case ..<72: Frame.stopSending(stream() & ~2, code: number(9))
        case ..<80: makeCredit()
        case ..<81: makeConnectionID()
        case ..<84: makeAcknowledgement()
        case ..<88: makeRetirement()
        case ..<90: [0x1a] + random(8)
        case ..<98: [0x1b] + (pendingChallenges.popLast() ?? random(8))
        default: Frame.ping
        }
    }

    private mutating func makeForbiddenFrame() -> [UInt8] {
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: Frame.crypto(offset: number(2_000), random(10))
        case 1: [0x1c] + varint(number(20)) + varint(0) + varint(0)
        case 2: [0x1d] + varint(number(20)) + varint(0)
        case 3: [UInt8.random(in: 0x1e...0x3f, using: &generator)]
        case 4: Frame.stream(number(4_000), offset: number(1 << 40), random(9), isFinal: generator.chance(50))
        case 5: Frame.retireConnectionID(number(20))
        default: random(20)
        }
    }

    private mutating func makeStream() -> [UInt8] {
        let id = stream()
        let size = size(of: id)
        if size < 40, generator.chance(50) {
            let request = Array("GET /\(number(200_000))\r\n".utf8).prefix(Int(size))
            guard use(id, upTo: UInt64(request.count)) else { return Frame.ping }
            return Frame.stream(id, Array(request), isFinal: request.count == size)
        }
        let offset = generator.chance(50) ? 0 : number(size + 1)
        let count = min(size - offset, number(700))
        guard use(id, upTo: offset + count) else { return Frame.ping }
        return Frame.stream(id, offset: offset, random(Int(count)), isFinal: offset + count == size)
    }

    private mutating func makeResetStream() -> [UInt8] {
        let id = stream()
        let size = size(of: id)
        return use(id, upTo: size) ? Frame.resetStream(id, code: number(9), finalSize: size) : Frame.ping
    }

    private mutating func makeCredit() -> [UInt8] {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: [0x10] + varint(number(1 << 22))
        case 1: [0x11] + varint(4 * number(streamLimit)) + varint(number(1 << 18))
        case 2: [UInt8.random(in: 0x12...0x14, using: &generator)] + varint(number(100))
        default: makeStreamDataBlocked()
        }
    }

    private mutating func makeStreamDataBlocked() -> [UInt8] {
        let id = stream()
        let offset = number(size(of: id) + 1)
        return use(id, upTo: offset) ? [0x15] + varint(id) + varint(offset) : Frame.ping
    }

    private mutating func makeConnectionID() -> [UInt8] {
        nextClientID += generator.chance(80) ? 1 : 0
        let number = nextClientID - 1
        guard number > 1 else { return Frame.ping }
        // The same content for the same number, as a retransmission has it, and as long as the client's own IDs.
        let id = (0..<12).map { UInt8(truncatingIfNeeded: number &* 77 &+ $0) }
        return Frame.newConnectionID(number, retiringBefore: number - 1, id, token: id + [1, 2, 3, 4])
    }

    private mutating func makeRetirement() -> [UInt8] {
        let ids = serverIDs.keys.filter { $0 != serverIDInUse }.sorted()
        guard let id = ids.randomElement(using: &generator) else { return Frame.ping }
        serverIDs[id] = nil
        return Frame.retireConnectionID(id)
    }

    private mutating func makeAcknowledgement() -> [UInt8] {
        let recent = client.heard.suffix(40)
        guard let largest = recent.randomElement(using: &generator)?.number else { return Frame.ping }
        let first = generator.chance(50) ? number(3) : number(UInt64(largest) + 1)
        return [0x02] + varint(UInt64(largest)) + varint(number(100)) + varint(0) + varint(min(first, UInt64(largest)))
    }
}

// MARK: - Values

extension FrameFuzzer {
    /// One of the latest bidirectional streams, or now and then a unidirectional one.
    private mutating func stream() -> UInt64 {
        generator.chance(5) ? 4 * number(3) + 2 : 4 * (streamLimit - 1 - number(min(streamLimit, 18)))
    }

    private mutating func size(of stream: UInt64) -> UInt64 {
        if let size = streamSizes[stream] { return size }
        let size = generator.chance(50) ? number(40) : number(2_500)
        streamSizes[stream] = size
        return size
    }

    /// Whether the connection's credit lets a stream go that far.
    private mutating func use(_ stream: UInt64, upTo offset: UInt64) -> Bool {
        let further = max(offset, usedOffsets[stream, default: 0]) - usedOffsets[stream, default: 0]
        guard usedBytes + further <= dataLimit else { return false }
        usedBytes += further
        usedOffsets[stream, default: 0] += further
        return true
    }

    private mutating func number(_ end: UInt64) -> UInt64 { .random(in: 0..<max(1, end), using: &generator) }

    private mutating func random(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in .random(in: .min ... .max, using: &generator) }
    }
}

/// What a hand-made client has to know of a server's frames to go on. RFC 9000 §19.
package struct ServerFrames {
    /// The data of PATH_CHALLENGE frames, to be sent back.
    package private(set) var pathChallenges: [[UInt8]] = []
    /// The connection IDs the server offered, by sequence number.
    package private(set) var connectionIDs: [UInt64: [UInt8]] = [:]
    /// How many bidirectional streams the server lets its client open, when it says so.
    package private(set) var streamLimit: UInt64 = 0
    /// How many bytes of all streams together the server lets its client send, when it says so.
    package private(set) var dataLimit: UInt64 = 0
    /// How many bytes of a stream the server lets its client send, when it says so.
    package private(set) var streamDataLimits: [UInt64: UInt64] = [:]
    /// The size of each stream whose end was seen. RFC 9000 §4.5.
    package private(set) var finalSizes: [UInt64: UInt64] = [:]
    /// The packets that the latest packet with an ACK frame acknowledges, the latest first. RFC 9000 §19.3.
    package private(set) var acknowledged: [ClosedRange<UInt64>] = []
    /// The tokens for later connections that the server gave. RFC 9000 §19.7.
    package private(set) var tokens: [[UInt8]] = []
    /// The error code of the server's CONNECTION_CLOSE. RFC 9000 §19.19.
    package private(set) var closeCode: UInt64?
    /// Whether every frame was understood.
    package private(set) var isWhole = true

    private var rest: ArraySlice<UInt8>

    /// Reads the frames of one packet; stops at the first it does not know.
    package init(_ payload: [UInt8]) {
        rest = payload[...]
        while isWhole, let type = rest.popFirst() { isWhole = read(type) }
    }

    /// Adds what a further packet says. A packet that is not understood does not keep later ones from being read.
    package mutating func add(_ packet: ServerFrames) {
        pathChallenges += packet.pathChallenges
        connectionIDs.merge(packet.connectionIDs) { first, _ in first }
        streamLimit = max(streamLimit, packet.streamLimit)
        dataLimit = max(dataLimit, packet.dataLimit)
        streamDataLimits.merge(packet.streamDataLimits, uniquingKeysWith: max)
        finalSizes.merge(packet.finalSizes) { first, _ in first }
        if !packet.acknowledged.isEmpty { acknowledged = packet.acknowledged }
        tokens += packet.tokens
        closeCode = closeCode ?? packet.closeCode
        isWhole = isWhole && packet.isWhole
    }

    private mutating func read(_ type: UInt8) -> Bool {
        switch type {
        case 0x00, 0x01, 0x1e: true
        case 0x02, 0x03: readAcknowledgement(hasECN: type == 0x03)
        case 0x04: skip(integers: 3)
        case 0x05, 0x15: skip(integers: 2)
        case 0x06: integer() != nil && bytes() != nil
        case 0x07: readToken()
        case 0x08...0x0f: readStream(type)
        case 0x10: readLimit(into: \.dataLimit)
        case 0x11: readStreamDataLimit()
        case 0x12: readLimit(into: \.streamLimit)
        case 0x13, 0x14, 0x16, 0x17, 0x19: skip(integers: 1)
        case 0x18: readConnectionID()
        case 0x1a: readPathChallenge()
        case 0x1b: take(8) != nil
        case 0x1c, 0x1d: readClose(hasFrameType: type == 0x1c)
        // RFC 9221 §4: without a length a datagram takes the rest of the packet.
        case 0x30: take(rest.count) != nil
        case 0x31: bytes() != nil
        default: false
        }
    }

    // RFC 9000 §19.3.1: the largest of the next range is the smallest of this one, less the gap, less 2.
    private mutating func readAcknowledgement(hasECN: Bool) -> Bool {
        guard let largest = integer(), skip(integers: 1), let count = integer(), count < 1_000, let first = integer(),
            first <= largest
        else { return false }
        var ranges = [(largest - first)...largest]
        for _ in 0..<count {
            let smallest = ranges[ranges.count - 1].lowerBound
            guard let gap = integer(), let length = integer(), gap + 2 + length <= smallest else { return false }
            ranges.append((smallest - gap - 2 - length)...(smallest - gap - 2))
        }
        acknowledged = ranges
        return skip(integers: hasECN ? 3 : 0)
    }

    private mutating func readStream(_ type: UInt8) -> Bool {
        guard let id = integer(), let offset = type & 4 != 0 ? integer() : 0 else { return false }
        var count = rest.count
        if type & 2 != 0 {
            guard let length = integer(), length <= UInt64(rest.count) else { return false }
            count = Int(length)
        }
        rest = rest.dropFirst(count)
        if type & 1 != 0 { finalSizes[id] = offset + UInt64(count) }
        return true
    }

    private mutating func readLimit(into limit: WritableKeyPath<Self, UInt64>) -> Bool {
        guard let value = integer() else { return false }
        self[keyPath: limit] = max(self[keyPath: limit], value)
        return true
    }

    private mutating func readStreamDataLimit() -> Bool {
        guard let id = integer(), let limit = integer() else { return false }
        streamDataLimits[id] = max(streamDataLimits[id] ?? 0, limit)
        return true
    }

    private mutating func readConnectionID() -> Bool {
        guard let number = integer(), skip(integers: 1), let length = rest.popFirst(), let id = take(Int(length)),
            take(16) != nil
        else { return false }
        connectionIDs[number] = id
        return true
    }

    private mutating func readToken() -> Bool {
        guard let token = bytes() else { return false }
        tokens.append(token)
        return true
    }

    private mutating func readClose(hasFrameType: Bool) -> Bool {
        guard let code = integer(), !hasFrameType || skip(integers: 1), bytes() != nil else { return false }
        closeCode = code
        return true
    }

    private mutating func readPathChallenge() -> Bool {
        guard let data = take(8) else { return false }
        pathChallenges.append(data)
        return true
    }

    private mutating func skip(integers count: Int) -> Bool {
        (0..<count).allSatisfy { _ in integer() != nil }
    }

    private mutating func bytes() -> [UInt8]? {
        integer().flatMap { take(Int(clamping: $0)) }
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    private mutating func integer() -> UInt64? {
        guard let first = rest.popFirst(), let further = take((1 << Int(first >> 6)) - 1) else { return nil }
        return further.reduce(UInt64(first & 0x3f)) { $0 << 8 | UInt64($1) }
    }
}

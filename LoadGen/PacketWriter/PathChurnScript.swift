/// A hostile client's packets, one after the other: it changes its address all the time while it uses up connection IDs, and
/// answers the challenges it gets or does not.
///
/// Owns: the server's connection IDs and challenges it has not used. Bound: a few for each packet heard.
package struct PathChurnScript {
    /// One packet to be sent.
    package struct Packet {
        /// Its frames.
        package let frames: [UInt8]
        /// The address it comes from, of those the client has; 0 is that of its handshake.
        package let address: Int
        /// The server's connection ID it goes to; nil for that of the handshake.
        package let destination: [UInt8]?
        /// Whether the server may answer before the next packet arrives.
        package let awaitsAnswer: Bool
        /// How long the client waits after it.
        package let pause: Duration
    }

    /// How many addresses the client has.
    package static let addressCount = 4

    private let pauses: [Duration]
    private var challenges: [[UInt8]] = []
    private var serverIDs: [UInt64: [UInt8]] = [:]
    private var nextNumber = Self.firstNumber
    /// The first number of those that were skipped.
    private var staleNumber: UInt64?
    private var streamOffset: UInt64 = 0
    /// The server's connection ID in the packet that is being made; nil for its first one.
    private var destination: [UInt8]?

    /// The client itself may have issued so many.
    private static let firstNumber: UInt64 = 8

    /// - Parameter longestPause: How long the client waits at most. Only after some probe timeouts the validation of a path
    ///   has failed.
    package init(longestPause: Duration) {
        pauses = [
            .zero, .zero, .zero, longestPause / 4_000, longestPause / 80, longestPause / 13, longestPause / 4,
            longestPause,
        ]
    }

    /// Takes note of the frames of the server's packets.
    package mutating func hear(_ frames: ServerFrames) {
        challenges += frames.pathChallenges
        serverIDs.merge(frames.connectionIDs) { first, _ in first }
    }

    /// The next packet.
    ///
    /// - Parameter acknowledgement: An ACK frame for the packets heard so far.
    package mutating func next(
        acknowledging acknowledgement: [UInt8],
        using generator: inout some RandomNumberGenerator
    ) -> Packet {
        let address = generator.chance(40) ? 0 : Int.random(in: 0..<Self.addressCount, using: &generator)
        let ids = serverIDs.values.sorted { $0.lexicographicallyPrecedes($1) }
        destination = generator.chance(60) ? nil : ids.randomElement(using: &generator)
        var frames: [UInt8] = []
        for _ in 0...Int.random(in: 0...2, using: &generator) {
            frames += frame(acknowledgement, using: &generator)
        }
        let awaitsAnswer = generator.chance(80)
        return Packet(
            frames: frames,
            address: address,
            destination: awaitsAnswer ? destination : nil,
            awaitsAnswer: awaitsAnswer,
            pause: pauses.randomElement(using: &generator) ?? .zero
        )
    }
}

// MARK: - Frames

extension PathChurnScript {
    private mutating func frame(
        _ acknowledgement: [UInt8],
        using generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        switch Int.random(in: 0..<24, using: &generator) {
        case 0..<6: return Frame.ping
        case 6..<12: return acknowledgement + Frame.ping
        case 12: return newConnectionIDs(.random(in: 12...17, using: &generator), using: &generator)
        case 13: return newConnectionIDs(3, using: &generator) + Frame.ping
        case 14: return skipConnectionIDs()
        case 21, 22: return staleConnectionIDs(.random(in: 10...17, using: &generator)) + Frame.ping
        case 15: return retireConnectionID()
        case 16..<20: return challenges.popLast().map(Frame.pathResponse) ?? Frame.ping
        case 20: return Frame.pathChallenge([UInt8](repeating: 7, count: 8))
        default:
            defer { streamOffset += 100 }
            return Frame.stream(0, offset: streamOffset, [UInt8](repeating: 7, count: 100))
        }
    }

    // RFC 9000 §19.16: the sequence number MUST NOT refer to the Destination Connection ID field of the packet in which
    // the frame is contained. That one comes later, where it was retired before it is used.
    private mutating func retireConnectionID() -> [UInt8] {
        guard let number = serverIDs.keys.min(), serverIDs[number] != destination else { return Frame.ping }
        serverIDs[number] = nil
        return Frame.retireConnectionID(number)
    }

    /// RFC 9000 §19.15: Retire Prior To asks the server to retire those before; each of ours asks for nearly all.
    private mutating func newConnectionIDs(
        _ count: Int,
        using generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        // Those before the latest, or before the one before it.
        let lag: UInt64 = generator.chance(50) ? 0 : 1
        return (0..<count).flatMap { _ -> [UInt8] in
            defer { nextNumber += 1 }
            return connectionID(nextNumber, retiringBefore: nextNumber - lag)
        }
    }

    /// One that leaves room for many that are late.
    private mutating func skipConnectionIDs() -> [UInt8] {
        staleNumber = nextNumber
        nextNumber += 200
        defer { nextNumber += 1 }
        return connectionID(nextNumber, retiringBefore: nextNumber)
    }

    /// RFC 9000 §19.15: an endpoint that receives one with a sequence number smaller than the Retire Prior To field of a
    /// previous one MUST send RETIRE_CONNECTION_ID at once.
    private mutating func staleConnectionIDs(_ count: Int) -> [UInt8] {
        guard let first = staleNumber else { return [] }
        staleNumber = first + UInt64(count)
        return (0..<UInt64(count)).flatMap { connectionID(first + $0, retiringBefore: 0) }
    }

    private func connectionID(_ number: UInt64, retiringBefore: UInt64) -> [UInt8] {
        let id = (0..<12).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 4))) ^ UInt8($0) }
        return Frame.newConnectionID(number, retiringBefore: retiringBefore, id, token: id + [1, 2, 3, 4])
    }
}

extension RandomNumberGenerator {
    /// Whether something with a chance of `percent` in a hundred happens.
    fileprivate mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }
}

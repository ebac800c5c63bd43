import LoadModel
import PacketWriter

/// Attacks of established clients by way of acknowledgements, connection IDs, frames and keys.
extension Attacker {
    func acknowledgeNothing() throws {
        let connection = try establish()
        // As much as is progress, so that nothing but its silence ends it; each byte four times, since packets may be lost.
        let progressBytes = limits.minimumProgressBytes + 10
        let bytes = random(4 * progressBytes)
        var offset: UInt64 = 0
        keep(connection, until: .acknowledgementTimeout, every: .seconds(min(1, limits.idleTimeoutSeconds / 4))) {
            connection.send(Frame.ping + Frame.stream(0, offset: offset, bytes))
            offset += UInt64(progressBytes)
        }
    }

    // RFC 9000 §13.1: an endpoint SHOULD treat receipt of an acknowledgment for a packet it did not send as a connection
    // error of type PROTOCOL_VIOLATION.
    func acknowledgeTooMuch() throws {
        let connection = try establish()
        connection.send(Frame.stream(0, random(1_000)))
        pause(.milliseconds(50), serving: connection)
        connection.send(Frame.acknowledgement(0...UInt64((connection.heardNumbers.max() ?? 0) + 100_000)))
        awaitClose(of: connection)
    }

    func acknowledgeInRanges() throws {
        let connection = try establish()
        var offset: UInt64 = 0
        try flood(serving: connection) { number in
            // Every other packet number is never used.
            connection.writer.nextPacketNumber += 1
            let numbers = Set(connection.heardNumbers.map(UInt64.init)).sorted(by: >)
            let ranges = numbers.enumerated().filter { $0.offset.isMultiple(of: 2) }.map { $0.element...$0.element }
            var frames = Frame.ping
            if !ranges.isEmpty { frames += Frame.acknowledgement(Array(ranges.prefix(60))) }
            if number.isMultiple(of: 50), offset < 12_000 {
                frames += Frame.stream(0, offset: offset, random(500))
                offset += 500
            }
            connection.send(frames)
        }
        close(connection)
    }

    // RFC 9000 §5.1.1: if the number of active connection IDs exceeds the limit, CONNECTION_ID_LIMIT_ERROR.
    func issueConnectionIDs() throws {
        let connection = try establish()
        for number in UInt64(1)...40 where !connection.isClosed {
            connection.send(Frame.newConnectionID(number, random(12), token: random(16)))
        }
        awaitClose(of: connection)
    }

    func retireConnectionIDs() throws {
        let connection = try establish()
        var inUse: UInt64 = 0
        try flood(serving: connection) { _ in
            guard
                let (next, id) = connection.heard.connectionIDs.filter({ $0.key > inUse }).min(by: { $0.key < $1.key })
            else {
                connection.send(Frame.ping + connection.acknowledgement)
                return
            }
            connection.writer.destination = id
            connection.send(Frame.retireConnectionID(inUse) + connection.acknowledgement)
            inUse = next
        }
        close(connection)
    }

    func floodFrames() throws {
        let connection = try establish()
        let streams = UInt64(limits.streams)
        try flood(serving: connection) { number in
            var frames = Frame.maximumData(UInt64(number) + 1_000_000)
            for stream in 0..<streams {
                frames += Frame.ping + Frame.stopSending(4 * stream) + Frame.resetStream(4 * stream, finalSize: 0)
            }
            connection.send(frames + connection.acknowledgement)
        }
        close(connection)
    }

    func updateKeys() throws {
        let connection = try establish()
        try flood(serving: connection) { _ in
            guard !connection.isClosed else { return }
            connection.writer.updateKeys()
            connection.send(Frame.ping)
        }
        close(connection)
    }

    func sendUndecryptable() throws {
        let connection = try establish()
        let header: [UInt8] = [0x43] + connection.writer.destination
        try flood(serving: connection) { _ in
            connection.socket.send(header + random(60))
        }
        close(connection)
    }

    func sendHugeDatagrams() throws {
        let connection = try establish()
        let packet = [0x43] + connection.writer.destination + random(9_000)
        let lengths = [1_501, 1_700, 2_000, 2_049, 9_000]
        try flood(serving: connection) { number in
            connection.socket.send(Array(packet.prefix(lengths[number % lengths.count])))
        }
        close(connection)
    }

    func stormOfCloses() throws {
        let rounds = max(10, Int(pace.duration / .milliseconds(20)))
        for _ in 0..<min(rounds, 200) {
            let connection = try establish(settling: .zero)
            connection.send(Frame.connectionClose(0))
            for _ in 0..<3 { connection.send(Frame.ping) }
        }
    }
}

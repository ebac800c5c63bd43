import LoadModel
import PacketWriter
import QUICTransport

/// Attacks of established clients by way of their streams and CRYPTO frames.
extension Attacker {
    func sendCryptoAfterHandshake() throws {
        let connection = try establish()
        for number in 0..<20 { connection.send(Frame.crypto(offset: UInt64(1_000 * number), random(1_000))) }
        awaitClose(of: connection)
    }

    func leaveGaps() throws {
        let connection = try establish()
        for packet in UInt64(0)..<60 where !connection.isClosed {
            connection.send((0..<100).flatMap { Frame.stream(0, offset: 2 * (100 * packet + $0) + 1, [1]) })
            pause(.milliseconds(5), serving: connection)
        }
        awaitClose(of: connection)
    }

    func sendOutOfOrder() throws {
        let connection = try establish()
        for stream in 0..<limits.streams { connection.send(Frame.stream(UInt64(4 * stream), offset: 1, [1])) }
        keepAlive(connection, until: .noProgressTimeout)
    }

    func exceedStreamLimit() throws {
        let connection = try establish()
        connection.send(Frame.stream(UInt64(4 * limits.streams), [1], isFinal: true))
        awaitClose(of: connection)
    }

    func skipStreams() throws {
        let connection = try establish()
        var limit = UInt64(limits.streams)
        for _ in 0..<200 where !connection.isClosed {
            connection.send(Frame.stream(4 * (limit - 1), [1], isFinal: true))
            pause(.milliseconds(5), serving: connection)
            connection.send(connection.acknowledgement)
            limit = max(limit, connection.heard.streamLimit)
        }
        close(connection)
    }

    // RFC 9000 §3.5: a STOP_SENDING frame asks for a reset of one direction; the other stays.
    func halfCloseStreams() throws {
        let connection = try establish()
        for stream in 0..<limits.streams {
            connection.send(Frame.stream(UInt64(4 * stream), [1]) + Frame.stopSending(UInt64(4 * stream)))
        }
        keepAlive(connection, until: .noProgressTimeout)
    }

    func trickle() throws {
        let connection = try establish()
        var offset: UInt64 = 0
        keep(connection, until: .noProgressTimeout, every: .seconds(1)) {
            connection.send(Frame.stream(0, offset: offset, [7]) + connection.acknowledgement)
            offset += 1
        }
    }

    func grantNothing() throws {
        let connection = try establish { transport in
            transport.streamWindow = .fixed(16)
            transport.connectionWindow = .fixed(256)
        }
        let bytes = random(1_024)
        for packet in UInt64(0)..<64 {
            connection.send(Frame.stream(4 * (packet / 16), offset: 1_024 * (packet % 16), bytes))
            pause(.milliseconds(2), serving: connection)
        }
        keepAlive(connection, until: .noProgressTimeout)
    }

    /// Does no more than what keeps the idle timeout and the acknowledgement timeout from ending the connection.
    func keepAlive(_ connection: HostileConnection, until deadline: AbuseDeadline) {
        let interval = min(0.5, limits.idleTimeoutSeconds / 4)
        keep(connection, until: deadline, every: .seconds(interval)) {
            connection.send(Frame.ping + connection.acknowledgement)
        }
    }
}

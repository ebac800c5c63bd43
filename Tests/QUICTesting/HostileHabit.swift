internal import PacketWriter

/// A way to make a server hold memory, or work, for nothing: what an established client does each second.
package enum HostileHabit: String, CaseIterable, Sendable {
    /// A byte out of order on each stream, and signs of life.
    case gaps
    /// Every second byte of a stream, so that the server has to remember thousands of gaps.
    case combs
    /// Full packets ahead of a missing first byte, up to the windows.
    case missingFirstByte
    /// Asks for bodies, and grants nothing beyond the first windows.
    case noCredit
    /// Asks for bodies, and grants a byte a second.
    case creditByTheByte
    /// Sends what may be sent to be echoed, and grants nothing for the echo.
    case unreadEcho
    /// Asks for bodies, and acknowledges nothing.
    case noAcknowledgement
    /// A byte to be echoed each second.
    case trickle
    /// Opens streams and resets them.
    case resets
    /// Asks for bodies and stops them.
    case stops
    /// Hundreds of PINGs.
    case pings
    /// Is not heard of again.
    case silence

    private static let request = Array("GET /10000000\r\n".utf8)
    private static let full = [UInt8](repeating: 7, count: 1_024)
    private static let large = [UInt8](repeating: 7, count: 1_000)

    /// Does what the habit wants in the second `second` after the handshake.
    func act(_ client: HostileClient, second: Int) {
        let lifeSign = Frame.ping + client.acknowledgement
        let number = UInt64(second)
        switch self {
        case .gaps:
            if second == 0 { client.send((0..<16).flatMap { Frame.stream(4 * $0, offset: 1, [1]) }) }
            client.send(lifeSign)
        case .combs:
            for packet in 10 * number..<10 * (number + 1) {
                client.send((0..<100).flatMap { Frame.stream(0, offset: 2 * (100 * packet + $0) + 1, [1]) })
            }
        case .missingFirstByte:
            for packet in UInt64(0)..<64 where second == 0 {
                client.send(Frame.stream(4 * (packet / 16), offset: 1 + 1_000 * (packet % 16), Self.large))
            }
            client.send(lifeSign)
        case .noCredit:
            if second == 0 { request(on: 0..<4, client) }
            client.send(lifeSign)
        case .creditByTheByte:
            if second == 0 { request(on: 0..<4, client) }
            client.send(Frame.maximumStreamData(0, 1 << 20) + Frame.maximumData((64 << 10) + number) + lifeSign)
        case .unreadEcho:
            for packet in UInt64(0)..<64 where second == 0 {
                client.send(Frame.stream(4 * (packet / 16), offset: 1_024 * (packet % 16), Self.full))
            }
            client.send(lifeSign)
        case .noAcknowledgement:
            if second == 0 { request(on: 0..<4, client) }
            client.send(Frame.ping)
        case .trickle:
            client.send(Frame.stream(0, offset: number, [7]) + client.acknowledgement)
        case .resets:
            client.send(Frame.stream(4 * number, Self.full) + lifeSign)
            client.send(Frame.resetStream(4 * number, finalSize: 1_024))
        case .stops:
            request(on: number..<(number + 1), client)
            client.send(Frame.stopSending(4 * number) + client.acknowledgement)
        case .pings:
            // More than a turn handles and keeps for the next ones.
            for _ in 0..<200 { client.push(Frame.ping) }
            client.send(client.acknowledgement)
        case .silence:
            break
        }
    }

    private func request(on streams: Range<UInt64>, _ client: HostileClient) {
        client.send(streams.flatMap { Frame.stream(4 * $0, Self.request, isFinal: true) })
    }
}

import QUICTransport

/// The client's side of every stream: sends messages as the window allows, and checks what comes back.
///
/// Safe although shared, since one thread drives all connections of a worker.
final class LoadService: StreamService, @unchecked Sendable {
    let applicationProtocol: String
    private let profile: ApplicationProfile
    private let messageBytes: Int
    private let usesFreshStreams: Bool
    private let readsSlowly: Bool
    private let pattern: MessagePattern
    /// What was handed to streams, and what came back.
    private(set) var sentBytes = 0
    private(set) var receivedBytes = 0
    /// Called when a message's answer is complete or wrong.
    var onAnswer: (Connection, Exchange) -> Void = { _, _ in }
    /// Called when bytes wait for a slow reader.
    var onUnread: (Connection) -> Void = { _ in }

    init(
        applicationProtocol: String,
        profile: ApplicationProfile,
        messageBytes: Int,
        usesFreshStreams: Bool,
        readsSlowly: Bool = false,
        seed: UInt64
    ) {
        self.applicationProtocol = applicationProtocol
        self.profile = profile
        self.messageBytes = messageBytes
        self.usesFreshStreams = usesFreshStreams || profile.needsFreshStreams
        self.readsSlowly = readsSlowly
        pattern = MessagePattern(seed: seed)
    }

    /// Sends what fits of the next message; the rest follows as bytes are acknowledged.
    func sendMessage(of exchange: Exchange, on connection: Connection) throws {
        let stream = try exchange.stream ?? openStream(for: exchange, on: connection)
        exchange.endOffset += messageBytes
        exchange.isLastOfStream = usesFreshStreams || exchange.messagesLeft == 1
        try fill(stream, exchange)
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        receivedBytes += bytes.byteCount
        guard stream.id.isBidirectional, let exchange = stream.context as? Exchange else {
            return stream.extendCredit(bytes.byteCount)
        }
        if readsSlowly {
            exchange.unreadBytes += bytes.byteCount
            onUnread(stream.connection)
        } else {
            stream.extendCredit(bytes.byteCount)
        }
        if case .echo = profile, exchange.isIntact {
            exchange.isIntact = pattern.matches(bytes, at: exchange.receivedBytes)
        }
        exchange.receivedBytes += bytes.byteCount
        exchange.isFinal = isFinal
        concludeIfAnswered(exchange, on: stream)
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        guard profile.sendsMessage, let exchange = stream.context as? Exchange else { return }
        do throws(StreamError) {
            try fill(stream, exchange)
        } catch {
            // The stream ended in the meantime; the missing answer will be counted.
        }
        if case .h3Upload = profile { concludeIfAnswered(exchange, on: stream) }
    }

    func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        stream.reset(code: code)
        guard let exchange = stream.context as? Exchange else { return }
        exchange.isIntact = false
        conclude(exchange, on: stream)
    }

    private func openStream(for exchange: Exchange, on connection: Connection) throws -> Stream {
        let stream = try connection.openStream()
        stream.context = exchange
        exchange.begin(on: stream)
        let opening = profile.opening(messageBytes: messageBytes)
        if !opening.isEmpty {
            try stream.write(opening)
            sentBytes += opening.count
        }
        return stream
    }

    private func fill(_ stream: Stream, _ exchange: Exchange) throws(StreamError) {
        while profile.sendsMessage, exchange.writtenBytes < exchange.endOffset, stream.writableBytes > 0 {
            let missing = exchange.endOffset - exchange.writtenBytes
            let count = min(missing, stream.writableBytes, MessagePattern.chunkBytes)
            try pattern.withBytes(at: exchange.writtenBytes, count: count) { bytes throws(StreamError) in
                try stream.write(bytes)
                exchange.writtenBytes += bytes.byteCount
                sentBytes += bytes.byteCount
            }
        }
        let isWritten = !profile.sendsMessage || exchange.writtenBytes == exchange.endOffset
        if isWritten, exchange.isLastOfStream { stream.finish() }
    }

    /// Ends the message that is under way when its answer is there, right or wrong.
    private func concludeIfAnswered(_ exchange: Exchange, on stream: Stream) {
        guard exchange.isIntact else { return conclude(exchange, on: stream) }
        if case .h3Upload = profile {
            // The server may answer before it has read everything.
            let isUploaded = exchange.writtenBytes == exchange.endOffset && stream.unacknowledgedBytes == 0
            guard exchange.isFinal, isUploaded else { return }
        }
        guard exchange.isFinal || (!exchange.isLastOfStream && exchange.receivedBytes >= exchange.endOffset) else {
            return
        }
        let isComplete = profile.isComplete(receivedBytes: exchange.receivedBytes, messageBytes: exchange.endOffset)
        exchange.isIntact = isComplete && exchange.isFinal == exchange.isLastOfStream
        conclude(exchange, on: stream)
    }

    private func conclude(_ exchange: Exchange, on stream: Stream) {
        if exchange.isLastOfStream {
            // Nobody waits for the credit of an answer that is complete, but other streams share the connection's.
            stream.extendCredit(exchange.unreadBytes)
            exchange.unreadBytes = 0
            stream.context = nil
            exchange.stream = nil
        }
        onAnswer(stream.connection, exchange)
    }
}

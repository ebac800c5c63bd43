import QUICTransport

/// The client's side of every stream: sends the message as the window allows, and checks what comes back.
///
/// Safe although shared, since one thread drives all connections of an engine.
final class LoadService: StreamService, @unchecked Sendable {
    let applicationProtocol: String
    private let profile: ApplicationProfile
    private let messageBytes: Int
    private let pattern: MessagePattern
    /// Called when a connection's answer is complete or wrong.
    var onAnswer: (Connection, ClientLife) -> Void = { _, _ in }

    init(applicationProtocol: String, profile: ApplicationProfile, messageBytes: Int, seed: UInt64) {
        self.applicationProtocol = applicationProtocol
        self.profile = profile
        self.messageBytes = messageBytes
        pattern = MessagePattern(seed: seed)
    }

    /// Opens a stream and sends what fits; the rest follows as bytes are acknowledged.
    func sendMessage(on connection: Connection, life: ClientLife) throws {
        let stream = try connection.openStream()
        if let request = profile.request(messageBytes: messageBytes) {
            unsafe try stream.write(request.span.bytes)
            stream.finish()
        } else {
            try fill(stream, life)
        }
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
        guard stream.id.isBidirectional, stream.id.isClientInitiated,
            let life = unsafe stream.connection.context as? ClientLife
        else { return }
        if case .echo = profile, life.isIntact {
            life.isIntact = pattern.matches(bytes, at: life.receivedBytes)
        }
        life.receivedBytes += bytes.byteCount
        guard isFinal else { return }
        life.isIntact = life.isIntact && isComplete(life)
        life.isAnswered = true
        unsafe onAnswer(stream.connection, life)
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        guard case .echo = profile, let life = unsafe stream.connection.context as? ClientLife else { return }
        do throws(StreamError) {
            try fill(stream, life)
        } catch {
            // The stream ended in the meantime; the missing answer will be counted.
        }
    }

    func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        stream.reset(code: code)
        guard let life = unsafe stream.connection.context as? ClientLife, !life.isAnswered else { return }
        life.isIntact = false
        life.isAnswered = true
        unsafe onAnswer(stream.connection, life)
    }

    /// Whether the answer has the length it should have; the servers of HTTP/3 send what they like.
    private func isComplete(_ life: ClientLife) -> Bool {
        if case .h3 = profile { life.receivedBytes > 0 } else { life.receivedBytes == messageBytes }
    }

    private func fill(_ stream: Stream, _ life: ClientLife) throws(StreamError) {
        while life.writtenBytes < messageBytes, stream.writableBytes > 0 {
            let count = min(messageBytes - life.writtenBytes, stream.writableBytes, MessagePattern.chunkBytes)
            try pattern.withBytes(at: life.writtenBytes, count: count) { bytes throws(StreamError) in
                try stream.write(bytes)
                life.writtenBytes += bytes.byteCount
            }
        }
        if life.writtenBytes == messageBytes { stream.finish() }
    }
}

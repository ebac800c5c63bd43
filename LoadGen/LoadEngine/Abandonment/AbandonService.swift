import QUICTransport

/// The client's side of streams that are abandoned: reads what comes back, and counts it.
///
/// Safe although shared, since one thread drives all connections of a cell.
final class AbandonService: StreamService, @unchecked Sendable {
    let applicationProtocol: String
    /// Called with each part of an answer.
    var onAnswer: (Connection, _ count: Int) -> Void = { _, _ in }

    init(applicationProtocol: String) {
        self.applicationProtocol = applicationProtocol
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
        guard stream.id.isBidirectional else { return }
        onAnswer(stream.connection, bytes.byteCount)
    }
}

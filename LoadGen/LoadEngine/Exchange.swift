import Datagrams
import QUICTransport

/// Messages that follow each other, and their answers: on one stream, or on a stream each.
///
/// Owns: itself, about 120 bytes, and its stream until the stream ends. Released by: its connection's end.
final class Exchange {
    /// What it is waiting for.
    enum State {
        /// The moment of the next message, which is ``Exchange/deadline``.
        case resting
        /// Leave to open a stream, asked for again at ``Exchange/deadline``.
        case blocked
        /// The answer, until ``Exchange/deadline``.
        case sent
        /// Nothing: every message was answered.
        case done
    }

    var state = State.resting
    var deadline: MonotonicInstant
    /// Messages that were not answered yet.
    var messagesLeft: Int
    /// When the message that is under way was meant to be sent.
    var messageStart = MonotonicInstant(nanoseconds: 0)
    /// The stream in use; nil before the first message, and between messages with a stream each.
    var stream: Stream?
    /// Where the message that is under way ends on the stream.
    var endOffset = 0
    /// How much was handed to the stream.
    var writtenBytes = 0
    /// How much of the answers arrived on the stream.
    var receivedBytes = 0
    /// How much of it still waits for a slow reader, so that the server has no credit for it yet.
    var unreadBytes = 0
    /// Whether the answer has ended.
    var isFinal = false
    /// Whether the stream ends with the message that is under way.
    var isLastOfStream = false
    /// Whether every byte of the answer so far was the right one.
    var isIntact = true

    init(messages: Int, at start: MonotonicInstant) {
        messagesLeft = messages
        deadline = start
    }

    /// Begins a stream.
    func begin(on stream: Stream) {
        self.stream = stream
        (endOffset, writtenBytes, receivedBytes, unreadBytes) = (0, 0, 0, 0)
        isFinal = false
    }
}

package import Datagrams
internal import QUICEndpoint
package import QUICTransport

/// One exchange of an honest client: a body it downloads, or bytes it sends to be echoed.
package final class Transfer: CustomStringConvertible {
    /// What is exchanged.
    package enum Kind: Sendable, Hashable {
        /// A body made on the fly, for `GET /N`.
        case download
        /// Bytes sent and received again.
        case echo
    }

    /// What is exchanged.
    package let kind: Kind
    /// The bytes that the client has to receive.
    package let byteCount: Int
    /// When its stream was opened.
    package let begin: MonotonicInstant
    /// When the last byte and FIN had arrived; nil until then.
    package private(set) var end: MonotonicInstant?
    /// The bytes received so far.
    package private(set) var receivedBytes = 0
    /// Whether the server gave it up, or sent another number of bytes.
    package private(set) var hasFailed = false

    private let clock: () -> MonotonicInstant
    /// The bytes of an echo that are not written yet.
    private var unwrittenBytes = 0

    private static let pattern = [UInt8](repeating: 0x2a, count: 64 * 1024)

    init(_ kind: Kind, byteCount: Int, clock: @escaping () -> MonotonicInstant) {
        self.kind = kind
        self.byteCount = byteCount
        self.clock = clock
        begin = clock()
    }

    /// What it is and how far it came.
    package var description: String { "\(kind) of \(byteCount) bytes, \(receivedBytes) received" }

    /// Whether all bytes have arrived.
    package var isComplete: Bool { end != nil }

    /// Whether nothing more is to come: it is complete, or has failed.
    package var hasEnded: Bool { isComplete || hasFailed }

    /// Bytes received a second, from the opening of the stream to its end; nil until then.
    package var bytesPerSecond: Double? {
        end.map { Double(byteCount) / (begin.duration(to: $0) / .seconds(1)) }
    }

    /// Sends the request, or as much of the message as the stream takes.
    func start(on stream: Stream) {
        stream.context = self
        switch kind {
        case .download:
            guard (try? stream.write(Array("GET /\(byteCount)\r\n".utf8))) != nil else {
                hasFailed = true
                return
            }
            stream.finish()
        case .echo:
            unwrittenBytes = byteCount
            fill(stream)
        }
    }

    func receive(_ count: Int, isFinal: Bool) {
        receivedBytes += count
        guard isFinal || receivedBytes > byteCount else { return }
        if receivedBytes == byteCount { end = clock() } else { hasFailed = true }
    }

    /// Writes as much of the message as the stream has room for.
    func fill(_ stream: Stream) {
        guard kind == .echo, unwrittenBytes > 0 else { return }
        while unwrittenBytes > 0, stream.writableBytes > 0 {
            let count = min(unwrittenBytes, stream.writableBytes, Self.pattern.count)
            guard (try? unsafe stream.write(Self.pattern.span.bytes.extracting(first: count))) != nil else { break }
            unwrittenBytes -= count
        }
        if unwrittenBytes == 0 { stream.finish() }
    }

    func fail() {
        hasFailed = true
    }
}

/// A client's service for many transfers: it reads everything at once and keeps nothing of it.
package final class TransferClient: StreamService {
    package let applicationProtocol = "any"

    package init() {}

    package func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
        (stream.context as? Transfer)?.receive(bytes.byteCount, isFinal: isFinal)
    }

    package func stream(_ stream: Stream, didRelease count: Int) {
        (stream.context as? Transfer)?.fill(stream)
    }

    package func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        (stream.context as? Transfer)?.fail()
        stream.reset(code: code)
    }
}

extension Pair {
    /// Opens a stream on a client's connection and begins a transfer; the pair's client service must be a ``TransferClient``.
    ///
    /// - Throws: When the server's stream limit does not allow another stream.
    package func begin(_ kind: Transfer.Kind, bytes: Int, on connection: Connection) throws -> Transfer {
        let transfer = Transfer(kind, byteCount: bytes) { [unowned self] in now }
        transfer.start(on: try connection.openStream())
        client.touch(connection)
        return transfer
    }
}

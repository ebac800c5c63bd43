import QUICTransport

/// A client that sends as fast as it may and reads everything, until it is told to stop.
///
/// It keeps no more than a number of bytes under way on each stream: a window grows when a quarter of it is handled in a round
/// trip, and more would only cost the machine's time.
///
/// Safe although shared, since one thread drives its only connection.
final class EagerService: StreamService, @unchecked Sendable {
    let applicationProtocol = "none"
    /// The bytes handed to each stream, by its number.
    private(set) var sentBytes: [UInt64: UInt64] = [:]
    private var receivedBytesOfStreams: [UInt64: UInt64] = [:]
    private var isStopped = false
    private let underWayLimit: UInt64
    private let chunk = [UInt8](repeating: 0x5a, count: 16 * 1024)

    /// - Parameter underWayLimit: The bytes that were sent on a stream and have not come back, at most.
    init(underWayLimit: Int) {
        self.underWayLimit = UInt64(underWayLimit)
    }

    /// The bytes that came back on all streams.
    var receivedBytes: UInt64 { receivedBytesOfStreams.values.reduce(0, +) }
    /// Whether everything sent has come back.
    var isAnswered: Bool { sentBytes == receivedBytesOfStreams }

    /// Sends on `stream` from now on.
    func begin(on stream: Stream) throws {
        sentBytes[stream.number] = 0
        receivedBytesOfStreams[stream.number] = 0
        try fill(stream)
    }

    /// Sends nothing more.
    func stop() {
        isStopped = true
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        receivedBytesOfStreams[stream.number, default: 0] += UInt64(bytes.byteCount)
        stream.extendCredit(bytes.byteCount)
        try fill(stream)
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        do throws(StreamError) {
            try fill(stream)
        } catch {
            // The stream ended in the meantime.
        }
    }

    private func fill(_ stream: Stream) throws(StreamError) {
        let chunk = chunk
        while !isStopped, !stream.isClosed {
            let underWay = sentBytes[stream.number, default: 0] - receivedBytesOfStreams[stream.number, default: 0]
            let room = Int(underWayLimit - min(underWay, underWayLimit))
            let count = min(chunk.count, stream.writableBytes, room)
            guard count > 0 else { return }
            unsafe try stream.write(chunk.span.bytes.extracting(first: count))
            sentBytes[stream.number, default: 0] += UInt64(count)
        }
    }
}

extension Stream {
    /// Its number, as STREAM frames have it.
    fileprivate var number: UInt64 { UInt64(id.rawValue) }
}

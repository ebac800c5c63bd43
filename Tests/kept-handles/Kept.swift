import QUICAsync
import QUICServer
import Synchronization

/// Every kind of handle that may change threads, of everything there ever was.
final class Kept: Sendable {
    let workers = Mutex<[WorkerReference]>([])
    let connectionReferences = Mutex<[ConnectionReference]>([])
    let streamReferences = Mutex<[StreamReference]>([])
    let connections = Mutex<[QUICConnection]>([])
    let streams = Mutex<[ByteStream]>([])
    let isMeddling = Mutex(false)
    let answers = Atomic(0)
    private let uses = Atomic(0)

    /// The handles, their uses, and the answers that clients got.
    var counts: (handles: Int, uses: Int, answers: Int) {
        let handles =
            workers.withLock { $0.count } + connectionReferences.withLock { $0.count }
            + streamReferences.withLock { $0.count } + connections.withLock { $0.count } + streams.withLock { $0.count }
        return (handles, uses.load(ordering: .relaxed), answers.load(ordering: .relaxed))
    }

    /// Uses one handle of each kind, in a way that depends on `number`. Most of them name nothing any more.
    func use(_ number: Int) {
        uses.add(1, ordering: .relaxed)
        let kind = number % 97
        if let reference = Self.pick(connectionReferences, number) {
            try? reference.perform { _ = $0.streamCount }
            if kind == 0 { try? reference.close(code: 2) }
        }
        if let reference = Self.pick(streamReferences, number) {
            if kind < 40 {
                try? reference.write([1, 2, 3])
            } else {
                try? reference.perform { _ = $0.unacknowledgedBytes }
            }
            if kind == 1 { try? reference.reset(code: 3) }
        }
        if let worker = Self.pick(workers, number) {
            try? worker.perform(on: KeepingService.self) { $0.useKept(number) }
        }
        if let connection = Self.pick(connections, number) {
            _ = connection.closeReport
            if kind == 2 { connection.close(code: 4) }
        }
        if let stream = Self.pick(streams, number) {
            if kind == 3 { stream.reset(code: 5) }
            if kind == 4 { stream.finish() }
        }
    }

    private static func pick<Handle>(_ handles: borrowing Mutex<[Handle]>, _ number: Int) -> Handle?
    where Handle: Sendable {
        handles.withLock { $0.isEmpty ? nil : $0[number % $0.count] }
    }
}

/// Echoes, and keeps the connections and streams themselves, which its worker's thread alone may use, past their ends.
final class KeepingService: StreamService {
    let applicationProtocol = "echo"
    private let kept: Kept
    private var connections: [Connection] = []
    private var streams: [Stream] = []

    init(_ kept: Kept) {
        self.kept = kept
    }

    func connectionDidOpen(_ connection: Connection) {
        connections.append(connection)
        kept.connectionReferences.withLock { $0.append(connection.reference) }
    }

    func streamDidOpen(_ stream: Stream) {
        streams.append(stream)
        kept.streamReferences.withLock { $0.append(stream.reference) }
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        do throws(StreamError) {
            try stream.write(bytes)
        } catch {
            // Another thread has written, or has ended it.
            stream.reset(code: 6)
        }
        if isFinal { stream.finish() }
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        stream.extendCredit(count)
    }

    /// Uses objects that may have ended long ago.
    func useKept(_ number: Int) {
        if !connections.isEmpty {
            let connection = connections[number % connections.count]
            connection.keepAlive(every: .seconds(5))
            connection.applicationDeadline = .distantFuture
            if number % 89 == 0 { connection.close(code: 7) }
            if number % 83 == 0, let stream = try? connection.openStream(.unidirectional) { stream.finish() }
        }
        if !streams.isEmpty {
            let stream = streams[number % streams.count]
            _ = stream.writableBytes
            if number % 7 == 0 { try? stream.write([9]) }
            if number % 79 == 0 { stream.reset(code: 8) }
        }
    }
}

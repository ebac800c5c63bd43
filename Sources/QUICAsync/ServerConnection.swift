public import QUICServer
import Synchronization

/// One connection of a server, for tasks.
public final class ServerConnection: Sendable {
    /// The client's address when the connection did open.
    public let remote: SocketAddress?
    /// The application protocol both sides agreed on. RFC 7301.
    public let applicationProtocol: String
    /// The worker on whose thread its tasks run best.
    public let worker: WorkerReference
    private let reference: ConnectionReference
    let arrivals = Arrivals<ByteStream>()

    init(_ connection: Connection, applicationProtocol: String, worker: WorkerReference) {
        remote = connection.path?.remote
        self.applicationProtocol = applicationProtocol
        self.worker = worker
        reference = connection.reference
    }

    /// The streams that the client opens; ends with the connection. Several tasks may take them, each a different one.
    public var streams: Streams { Streams(arrivals: arrivals) }

    /// The streams of a connection, in the order in which the client opened them.
    public struct Streams: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let arrivals: Arrivals<ByteStream>

        /// The next stream; nil when the connection has ended, or the task is cancelled.
        public func next() async -> ByteStream? { await arrivals.next() }

        /// Itself.
        public func makeAsyncIterator() -> Self { self }
    }

    /// Closes the connection. RFC 9000 §10.2.
    ///
    /// - Parameters:
    ///   - code: The application's error code, below 2^62.
    ///   - reasonPhrase: Additional diagnostic information, 256 bytes of which are sent.
    public func close(code: UInt64 = 0, reasonPhrase: String = "") {
        Task(executorPreference: worker.taskExecutor) { [reference] in
            try? reference.close(code: code, reasonPhrase: reasonPhrase)
        }
    }

    func end() {
        arrivals.finish()
    }
}

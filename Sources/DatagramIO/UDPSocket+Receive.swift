#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension UDPSocket {
    /// How many errors of the path one call takes from the socket, so that a flood of ICMP messages cannot hold it up.
    private static let pathErrorsLimit = 16

    /// Replaces the contents of `batch` by the datagrams that wait at the socket.
    ///
    /// Errors of the network or the peer are counted, kept for ``pollPathError()`` and passed over.
    ///
    /// - Returns: How many messages were taken, 0 when none waited. With GRO one message may hold many datagrams; a
    ///   truncated one holds none.
    public mutating func receive(into batch: ReceiveBatch) throws(SocketError) -> Int {
        precondition(
            !usesReceiveOffload || batch.bufferBytes >= ReceiveBatch.joinedBufferBytes,
            "a socket that receives with GRO needs a batch with GRO buffers"
        )
        for _ in 0..<Self.pathErrorsLimit {
            statistics.receiveCalls += 1
            let result = batch.receive(from: descriptor.rawValue, boundTo: boundAddress)
            if result >= 0 {
                batch.count(in: &statistics, lastOverflowCount: &lastOverflowCount)
                return Int(result)
            }
            if result == -EAGAIN { return 0 }
            if result == -ENOMEM || result == -ENOBUFS {
                // The kernel has no memory at the moment. What waits is still there, and the socket stays readable.
                statistics.receiveErrors += 1
                return 0
            }
            guard let error = PathError(code: -result), error != .addressUnusable else {
                throw SocketError(.receive, boundAddress, code: -result)
            }
            statistics.receiveErrors += 1
            pendingPathError = error
        }
        return 0
    }
}

import BoundedMemory

@_exported public import class BoundedMemory.SharedBytes

/// Bytes that many streams send.
extension Connection {
    /// A copy of `bytes` that any number of streams of this connection's worker can send: ``Stream/write(_:)-(SharedBytes)``.
    ///
    /// Costs the bytes and about 60 more, in the worker's ledger, until the last stream has them acknowledged and nobody keeps them.
    ///
    /// - Throws: `.outOfMemory` where the process has no memory for them; `.full` beyond ``BoundedMemory/SharedBytes/countLimit``.
    public func share(_ bytes: RawSpan) throws(StreamError) -> SharedBytes {
        do throws(ByteQueueError) {
            return try SharedBytes(copying: bytes, in: environment.ledger)
        } catch {
            throw StreamError(error)
        }
    }

    /// A copy of `bytes`, as ``share(_:)-(RawSpan)`` makes it.
    public func share(_ bytes: [UInt8]) throws(StreamError) -> SharedBytes {
        try bytes.withRawSpan { bytes throws(StreamError) in try share(bytes) }
    }

    /// Whether the account says of shared bytes what the queues of the streams do.
    package var sharedBytesAddUp: Bool {
        var bytes = 0
        streams.forEach { bytes += $0.sharedBytes }
        return bytes == account.sharedBytes
    }
}

extension StreamError {
    /// The queue of a stream did not take its bytes.
    init(_ error: ByteQueueError) {
        switch error {
        case .full: self = .full
        case .outOfMemory: self = .outOfMemory
        }
    }
}

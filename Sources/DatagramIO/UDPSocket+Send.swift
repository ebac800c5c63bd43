import Datagrams

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension UDPSocket {
    /// Sends the datagrams of `batch` in order and removes each from it.
    ///
    /// Adjoining datagrams of one path, one ECN mark and one size (the last may be shorter) go out as one message where
    /// ``usesSegmentationOffload``. A datagram that the network, the peer or the routing refuses is dropped and counted
    /// (``SocketStatistics/sendErrors``). On a socket bound to every address, the path's local address is the source.
    ///
    /// - Throws: What leaves the socket unusable. The datagrams not yet sent are still in the batch.
    public mutating func send(_ batch: TransmitBatch) throws(SocketError) -> SendOutcome {
        let socket = descriptor.rawValue
        return try send(batch) { arrays, count in arrays.transmit(count, on: socket) }
    }

    /// Sends `batch` through `transmit`, which takes what ``SendArrays/transmit(_:on:)`` does.
    ///
    /// Each turn either shortens the batch, returns, or marks datagrams at its start as plain; those are marked once.
    mutating func send(
        _ batch: TransmitBatch,
        through transmit: (borrowing SendArrays, Int) -> Int32
    ) throws(SocketError) -> SendOutcome {
        var retry = PlainRetry()
        while !batch.isEmpty {
            sendArrays.fill(
                from: batch,
                plainCount: usesSegmentationOffload ? retry.datagramCount : .max,
                setsSource: boundAddress.isUnspecified
            )
            statistics.sendCalls += 1
            let result = transmit(sendArrays, sendArrays.messages.count)
            if result > 0 {
                if retry.blamesOffload { usesSegmentationOffload = false }
                retry.advance(by: removeSent(Int(result), from: batch))
            } else if Self.isBlocked(result) {
                return .blocked
            } else {
                try handleFailure(code: -result, batch, &retry)
            }
        }
        return .drained
    }

    /// Datagrams at the start of a batch that are sent one by one, because a joined message of them failed.
    private struct PlainRetry {
        var datagramCount = 0
        /// Whether joining them is to blame if they now go out.
        var blamesOffload = false

        mutating func advance(by count: Int) {
            datagramCount = max(0, datagramCount - count)
            blamesOffload = false
        }
    }

    /// No room for now. `sendmmsg` never takes 0 messages; if it did, waiting is the answer that cannot loop.
    private static func isBlocked(_ result: Int32) -> Bool {
        result == 0 || result == -EAGAIN
    }

    /// Counts and removes the datagrams of the first `messageCount` messages; returns how many they were.
    private mutating func removeSent(_ messageCount: Int, from batch: TransmitBatch) -> Int {
        var datagramCount = 0
        for message in sendArrays.messages.prefix(messageCount) {
            datagramCount += message.datagramCount
            statistics.bytesSent += UInt64(message.byteCount)
        }
        statistics.datagramsSent += UInt64(datagramCount)
        batch.removeFirst(datagramCount)
        return datagramCount
    }

    /// Deals with the failure of the first message: drops its datagram, or splits it when it joins several.
    private mutating func handleFailure(
        code: Int32,
        _ batch: TransmitBatch,
        _ retry: inout PlainRetry
    ) throws(SocketError) {
        let datagramCount = sendArrays.messages.first?.datagramCount ?? 1
        let error = PathError(code: code)
        if code == ENOBUFS || code == ENOMEM {
            // The socket stays writable meanwhile, so waiting for that would spin. Lost, as on a full queue further on.
            statistics.sendErrors += UInt64(datagramCount)
            batch.removeFirst(datagramCount)
            retry.advance(by: datagramCount)
        } else if datagramCount > 1, error != nil || code == EIO {
            retry = PlainRetry(datagramCount: datagramCount, blamesOffload: code == EIO || code == EINVAL)
        } else if let error {
            statistics.sendErrors += 1
            pendingPathError = error
            batch.removeFirst(1)
            retry.advance(by: 1)
        } else {
            throw SocketError(.send, boundAddress, code: code)
        }
    }
}

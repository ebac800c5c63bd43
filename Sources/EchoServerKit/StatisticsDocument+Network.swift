internal import QUICEndpoint
internal import QUICServer
internal import QUICTransport

extension StatisticsDocument {
    /// Datagrams and the bytes of their UDP payload, since start.
    package struct Datagrams: Hashable, Sendable, Codable {
        /// How many came.
        package var received: Int
        /// Their bytes.
        package var receivedBytes: Int
        /// How many were handed to a socket.
        package var sent: Int
        /// Their bytes.
        package var sentBytes: Int

        private enum CodingKeys: String, CodingKey {
            case received
            case receivedBytes = "received_bytes"
            case sent
            case sentBytes = "sent_bytes"
        }

        init(received: EndpointStatistics.Traffic, sent: EndpointStatistics.Traffic) {
            self.received = received.datagrams
            receivedBytes = received.bytes
            self.sent = sent.datagrams
            sentBytes = sent.bytes
        }
    }

    /// DATAGRAM frames, since start. RFC 9221.
    package struct DatagramFrames: Hashable, Sendable, Codable {
        /// How many came.
        package var received: Int
        /// How many were put into packets.
        package var sent: Int
        /// How many were never sent, for want of room or because the path became too small for them.
        package var dropped: Int

        init(_ counts: DatagramFrameCounts) {
            (received, sent, dropped) = (counts.received, counts.sent, counts.dropped)
        }
    }

    /// Received datagrams by ECN mark, since start. RFC 3168 §5.
    package struct ECNMarks: Hashable, Sendable, Codable {
        /// Not ECN-capable.
        package var notECT: Int
        /// ECT(1).
        package var ect1: Int
        /// ECT(0).
        package var ect0: Int
        /// Congestion experienced.
        package var ce: Int

        private enum CodingKeys: String, CodingKey {
            case notECT = "not_ect"
            case ect1, ect0, ce
        }

        /// - Parameter counts: One for each value of the two bits, in order.
        init(_ counts: [Int]) {
            (notECT, ect1, ect0, ce) = (counts[0], counts[1], counts[2], counts[3])
        }
    }

    /// What tokens of first packets were good for, since start.
    package struct AddressTokens: Hashable, Sendable, Codable {
        /// Those of a Retry by which a connection was made.
        package var retried: Int
        /// Those of earlier connections by which one was made.
        package var known: Int
        /// Good ones that had been used before.
        package var spent: Int

        init(_ counts: AddressTokenCounts) {
            (retried, known, spent) = (counts.retried, counts.known, counts.spent)
        }
    }

    /// What the sockets lost, since start.
    package struct Sockets: Hashable, Sendable, Codable {
        /// Datagrams the kernel dropped because a queue was full.
        package var receiveOverflows: UInt64
        /// Datagrams longer than a receive buffer.
        package var truncated: UInt64
        /// Datagrams the network or a peer did not take.
        package var sendErrors: UInt64
        /// Errors that arrived in place of a datagram.
        package var receiveErrors: UInt64

        private enum CodingKeys: String, CodingKey {
            case receiveOverflows = "receive_overflows"
            case truncated
            case sendErrors = "send_errors"
            case receiveErrors = "receive_errors"
        }

        init(_ totals: SocketTotals) {
            receiveOverflows = totals.receiveOverflows
            truncated = totals.truncated
            sendErrors = totals.sendErrors
            receiveErrors = totals.receiveErrors
        }
    }

    /// Datagrams that reached another worker's socket than that of their connection's worker.
    package struct HandOver: Hashable, Sendable, Codable {
        /// Put into an inbox, since start.
        package var handed: Int
        /// Taken out by their worker, since start.
        package var received: Int
        /// Dropped because an inbox was full, since start.
        package var overflowed: Int
        /// Bytes of what waits, and of its slots, now.
        package var waitingBytes: Int

        private enum CodingKeys: String, CodingKey {
            case handed, received, overflowed
            case waitingBytes = "waiting_bytes"
        }

        init(_ statistics: HandOverStatistics) {
            handed = statistics.handed
            received = statistics.received
            overflowed = statistics.overflowed
            waitingBytes = statistics.waitingBytes
        }
    }

    /// Work that other threads left for connections and services.
    package struct Work: Hashable, Sendable, Codable {
        /// Pieces that an inbox took, since start.
        package var posted: Int
        /// Pieces that their worker has done, since start.
        package var performed: Int
        /// Pieces that came too late, since start.
        package var dropped: Int
        /// Pieces refused because an inbox was full, since start.
        package var refused: Int
        /// Bytes that waiting pieces keep, and their slots, now.
        package var waitingBytes: Int

        private enum CodingKeys: String, CodingKey {
            case posted, performed, dropped, refused
            case waitingBytes = "waiting_bytes"
        }

        init(_ statistics: WorkStatistics) {
            posted = statistics.posted
            performed = statistics.performed
            dropped = statistics.dropped
            refused = statistics.refused
            waitingBytes = statistics.waitingBytes
        }
    }
}

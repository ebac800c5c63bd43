import CShims
import Datagrams
import FaultInjection

/// The datagrams that one call took from a socket.
///
/// Owns: one block of ``allocatedBytes``: per message a buffer of 2 KiB, or of 64 KiB for a socket that receives with
/// GRO, and 0.3 KiB of arrays; 74 KiB or 2.01 MiB for 32 messages, 515 KiB for 8 with GRO. Released by: `deinit`. Bound: never grows.
@safe
public final class ReceiveBatch {
    /// What a buffer holds without GRO: more than the 1 500 bytes of Ethernet, so that a larger datagram is seen to be one.
    static let datagramBufferBytes = 2_048
    /// What a buffer holds with GRO: the largest message the kernel joins.
    static let joinedBufferBytes = 65_536

    /// The messages one call takes at most.
    public let messageCapacity: Int
    /// The bytes of the batch's block of memory.
    public let allocatedBytes: Int

    let bufferBytes: Int
    private let memory: UnsafeMutableRawPointer
    private let arrays: OpaquePointer
    private let messages: UnsafePointer<qh_received>
    private let payloads: UnsafeRawPointer
    private var messageCount = 0
    /// The datagrams of all messages, each counted 1 at least so that a flood of truncated ones counts as well.
    public private(set) var datagramCount = 0
    private var boundAddress = SocketAddress(ipv4: 0, 0, 0, 0, port: 0)

    /// A batch for up to `messageCapacity` messages at a time.
    ///
    /// - Parameter receiveOffload: Whether the socket receives with GRO: ``UDPSocket/usesReceiveOffload``.
    public init(messageCapacity: Int = 32, receiveOffload: Bool = false) {
        precondition((1...1_024).contains(messageCapacity), "the kernel takes at most 1 024 messages in one call")
        let messageCapacity = FaultInjection.receivesSingly ? 1 : messageCapacity
        self.messageCapacity = messageCapacity
        bufferBytes = receiveOffload ? Self.joinedBufferBytes : Self.datagramBufferBytes
        allocatedBytes = qh_receive_batch_bytes(UInt32(messageCapacity), UInt32(bufferBytes))
        unsafe memory = .allocate(byteCount: allocatedBytes, alignment: 16)
        unsafe arrays = qh_receive_batch_init(memory, UInt32(messageCapacity), UInt32(bufferBytes))
        unsafe messages = qh_receive_batch_messages(arrays)
        unsafe payloads = qh_receive_batch_payloads(arrays)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Calls `body` with every datagram received, in the order of arrival. Its bytes live as long as the call.
    ///
    /// A datagram without payload is an empty span. One larger than a buffer was dropped and counted
    /// (``SocketStatistics/truncated``), so a span may be longer than 1 500 bytes but is always whole.
    public func forEach<Failure: Error>(
        _ body: (_ datagram: RawSpan, _ path: NetworkPath, _ ecn: ECN) throws(Failure) -> Void
    ) throws(Failure) {
        for index in 0..<messageCount {
            let message = message(at: index)
            guard let path = path(of: message) else { continue }
            let ecn = ECN(trafficClass: message.traffic_class)
            var start = index * bufferBytes
            let end = start + Int(message.count)
            for _ in 0..<message.datagramCount {
                let count = min(message.datagramBytes, end - start)
                try body(unsafe UnsafeRawBufferPointer(start: payloads + start, count: count).bytes, path, ecn)
                start += count
            }
        }
    }

    /// Replaces the contents by what waits at `socket`; returns the number of messages or a negative errno.
    func receive(from socket: Int32, boundTo address: SocketAddress) -> Int32 {
        if let failure = FaultInjection.strikeReceive() { return failure }
        let result = unsafe qh_receive(socket, arrays)
        messageCount = Int(max(0, result))
        datagramCount = messageCount
        boundAddress = address
        return result
    }

    /// Adds the messages to the socket's statistics.
    func count(in statistics: inout SocketStatistics, lastOverflowCount: inout UInt32) {
        for index in 0..<messageCount {
            let message = message(at: index)
            if message.overflow_count != 0 {
                statistics.receiveOverflows += UInt64(message.overflow_count &- lastOverflowCount)
                lastOverflowCount = message.overflow_count
            }
            if message.is_truncated {
                statistics.truncated += 1
            } else {
                datagramCount += message.datagramCount - 1
                statistics.datagramsReceived += UInt64(message.datagramCount)
                statistics.bytesReceived += UInt64(message.count)
            }
        }
    }

    private func message(at index: Int) -> qh_received {
        unsafe messages[index]
    }

    private func path(of message: qh_received) -> NetworkPath? {
        guard let remote = SocketAddress(message.remote, length: message.remote_length) else { return nil }
        var local = SocketAddress(message.local, length: message.local_length) ?? boundAddress
        local.port = boundAddress.port
        return NetworkPath(local: local, remote: remote)
    }
}

extension qh_received {
    /// The length of every datagram in the message but the last.
    fileprivate var datagramBytes: Int { Int(segment_bytes == 0 ? count : segment_bytes) }

    /// The datagrams in the message; 0 when it did not fit its buffer.
    fileprivate var datagramCount: Int {
        if is_truncated { return 0 }
        return count == 0 ? 1 : (Int(count) + datagramBytes - 1) / datagramBytes
    }
}

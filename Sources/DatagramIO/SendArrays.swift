import CShims
import Datagrams
import FaultInjection

/// The arrays of `sendmmsg`, filled from a ``TransmitBatch`` whose bytes they point to.
///
/// Owns: one block of memory and an array, 16 KiB together. Released by: `deinit`. Bound: never grows.
// Sendable: the memory has one owner, which changes it in mutating methods only.
@safe
struct SendArrays: ~Copyable, @unchecked Sendable {
    /// What one message of the arrays stands for.
    struct Message {
        var datagramCount = 0
        var byteCount = 0
    }

    /// The messages one call sends at most.
    static let capacity = 64
    /// The datagrams the kernel cuts from one message at most, in every version that can.
    static let segmentsLimit = 64
    /// The bytes of one message: what an IP packet holds, with room for its headers.
    static let messageBytesLimit = 65_000

    private let memory: UnsafeMutableRawPointer
    private let arrays: OpaquePointer
    private(set) var messages: [Message] = []

    init() {
        unsafe memory = .allocate(byteCount: qh_send_batch_bytes(UInt32(Self.capacity)), alignment: 16)
        unsafe arrays = qh_send_batch_init(memory, UInt32(Self.capacity))
        messages.reserveCapacity(Self.capacity)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Fills the arrays from the start of `batch`, with as many datagrams as fit.
    ///
    /// - Parameters:
    ///   - plainCount: How many datagrams at the start must be messages of their own.
    ///   - setsSource: Whether the local address of each path is given to the kernel.
    mutating func fill(from batch: TransmitBatch, plainCount: Int, setsSource: Bool) {
        messages.removeAll(keepingCapacity: true)
        guard let base = unsafe batch.baseAddress else { return }
        var next = 0
        while next < batch.count, messages.count < Self.capacity {
            let first = batch[next]
            let run = next < plainCount ? (count: 1, bytes: first.count) : Self.run(of: batch, from: next)
            var message = qh_outgoing()
            message.count = UInt32(run.bytes)
            message.segment_bytes = run.count > 1 ? UInt16(first.count) : 0
            message.traffic_class = first.ecn.rawValue
            message.remote_length = first.path.remote.write(to: &message.remote)
            if setsSource, !first.path.local.isUnspecified {
                message.has_source = true
                first.path.local.write(to: &message.source)
            }
            unsafe qh_send_batch_put(arrays, UInt32(messages.count), base + first.offset, &message)
            messages.append(Message(datagramCount: run.count, byteCount: run.bytes))
            next += run.count
        }
    }

    /// Sends the first `count` messages and returns how many went out, or a negative errno when the first did not.
    func transmit(_ count: Int, on socket: Int32) -> Int32 {
        if let failure = FaultInjection.strikeSend() { return failure }
        return unsafe qh_send(socket, arrays, UInt32(count))
    }

    /// The datagrams from `start` on that one message can carry: adjoining, alike, and equally long but for the last.
    private static func run(of batch: TransmitBatch, from start: Int) -> (count: Int, bytes: Int) {
        let first = batch[start]
        var count = 1
        var bytes = first.count
        while start + count < batch.count, count < segmentsLimit {
            let next = batch[start + count]
            guard
                next.offset == first.offset + bytes, next.count <= first.count, next.ecn == first.ecn,
                next.path == first.path, bytes + next.count <= messageBytesLimit
            else { break }
            count += 1
            bytes += next.count
            if next.count < first.count { break }
        }
        return (count, bytes)
    }
}

internal import BoundedMemory
internal import CNgtcp2
import Datagrams

// MARK: - Events

extension NativeConnection {
    /// The outcome of a datagram.
    struct Reading {
        let error: NativeError
        /// The path in use before, where the datagram came along another one.
        let otherPath: NetworkPath?
    }

    /// Reads a datagram.
    ///
    /// - Parameter notesPath: Whether the path in use is to be remembered, where `path` is another one.
    func read(
        _ datagram: RawSpan,
        path: NetworkPath,
        ecn: ECN,
        notesPath: Bool,
        at now: MonotonicInstant
    ) -> Reading {
        var nativePath = unsafe NativePath(path)
        var info = ngtcp2_pkt_info(ecn: ecn.rawValue)
        return unsafe nativePath.withPath { path in
            let isElsewhere = unsafe notesPath && ngtcp2_path_eq(ngtcp2_conn_get_path(pointer), path) == 0
            let otherPath = isElsewhere ? self.path : nil
            let status = unsafe datagram.withUnsafeBytes { bytes in
                unsafe ngtcp2_conn_read_pkt_versioned(
                    pointer,
                    path,
                    NGTCP2_PKT_INFO_VERSION,
                    &info,
                    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    bytes.count,
                    now.native
                )
            }
            return Reading(error: NativeError(number: status), otherPath: otherPath)
        }
    }

    /// The moment of ``timer`` has come.
    func handleTimer(at now: MonotonicInstant) -> NativeError {
        NativeError(number: unsafe ngtcp2_conn_handle_expiry(pointer, now.native))
    }
}

// MARK: - Packets

/// The answer of ngtcp2 to a part of a packet.
enum PacketStatus {
    /// The packet is complete, and so long; 0 when nothing may be sent now.
    case complete(byteCount: Int)
    /// More may go into it.
    case wantsMore
    /// The peer's credit for the stream, or for the connection, is used up.
    case isBlocked
    /// The peer reads no more of the stream.
    case isStopped
    /// There is no such stream.
    case isUnknown
    case failed(NativeError)

    fileprivate init(_ status: ngtcp2_ssize) {
        if status >= 0 {
            self = .complete(byteCount: status)
            return
        }
        let number = Int32(truncatingIfNeeded: status)
        switch number {
        case NGTCP2_ERR_WRITE_MORE: self = .wantsMore
        case NGTCP2_ERR_STREAM_DATA_BLOCKED: self = .isBlocked
        case NGTCP2_ERR_STREAM_SHUT_WR: self = .isStopped
        case NGTCP2_ERR_STREAM_NOT_FOUND: self = .isUnknown
        default: self = .failed(NativeError(number: number))
        }
    }
}

/// Where one packet is being put together. It lives on the stack of ``NativeConnection/append(to:byteLimit:error:_:)``, and can be
/// neither copied nor kept.
@safe
struct PacketSpace: ~Copyable {
    /// The bytes that the packet may have.
    let byteLimit: Int
    fileprivate let storage: UnsafeMutablePointer<ngtcp2_path_storage>
    fileprivate let start: UnsafeMutablePointer<UInt8>?
    fileprivate var info = ngtcp2_pkt_info()

    fileprivate init(
        _ space: UnsafeMutableRawBufferPointer,
        byteLimit: Int,
        storage: UnsafeMutablePointer<ngtcp2_path_storage>
    ) {
        unsafe ngtcp2_path_storage_zero(storage)
        unsafe self.storage = storage
        unsafe start = space.bindMemory(to: UInt8.self).baseAddress
        self.byteLimit = min(space.count, byteLimit)
    }

    /// The packet as it leaves; nil without one.
    fileprivate func finish(_ byteCount: Int) -> (count: Int, path: NetworkPath, ecn: ECN)? {
        guard byteCount > 0, let path = unsafe NetworkPath(storage.pointee.path) else { return nil }
        return (byteCount, path, ECN(trafficClass: UInt8(info.ecn)))
    }
}

extension NativeConnection {
    /// Appends the packet that `fill` puts together to `batch`, in at most `byteLimit` bytes.
    ///
    /// - Parameter error: Why the connection has ended; as it was where it has not.
    /// - Returns: The length of the packet, 0 for none.
    @inline(__always)
    func append(
        to batch: TransmitBatch,
        byteLimit: Int,
        error: inout NativeError,
        _ fill: (inout PacketSpace) -> PacketStatus
    ) -> Int {
        unsafe batch.append { space in
            var storage = unsafe ngtcp2_path_storage()
            return unsafe withUnsafeMutablePointer(to: &storage) { storage in
                var packet = unsafe PacketSpace(space, byteLimit: byteLimit, storage: storage)
                switch fill(&packet) {
                case .complete(let byteCount):
                    return packet.finish(byteCount)
                case .failed(let failure):
                    error = failure
                    return nil
                case .wantsMore, .isBlocked, .isStopped, .isUnknown:
                    preconditionFailure("a packet is left incomplete")
                }
            }
        }
    }

    /// Offers what a stream has to send.
    ///
    /// - Returns: How many bytes were taken; negative when none and not the end either.
    @inline(__always)
    func write(
        _ bytes: borrowing NativeVectors,
        of id: StreamID,
        isFinal: Bool,
        to packet: inout PacketSpace,
        at now: MonotonicInstant
    ) -> (status: PacketStatus, acceptedBytes: Int) {
        var flags = UInt32(NGTCP2_WRITE_STREAM_FLAG_MORE)
        if isFinal { flags |= UInt32(NGTCP2_WRITE_STREAM_FLAG_FIN) }
        return write(bytes, of: id.rawValue, flags: flags, to: &packet, at: now)
    }

    /// Completes a packet with ngtcp2's own frames.
    @inline(__always)
    func complete(_ packet: inout PacketSpace, at now: MonotonicInstant) -> PacketStatus {
        write(NativeVectors(), of: -1, flags: UInt32(NGTCP2_WRITE_STREAM_FLAG_NONE), to: &packet, at: now).status
    }

    /// - Parameter number: That of a stream, or -1 for none.
    @inline(__always)
    private func write(
        _ bytes: borrowing NativeVectors,
        of number: Int64,
        flags: UInt32,
        to packet: inout PacketSpace,
        at now: MonotonicInstant
    ) -> (status: PacketStatus, acceptedBytes: Int) {
        var acceptedBytes: ngtcp2_ssize = -1
        let status = unsafe ngtcp2_conn_writev_stream_versioned(
            pointer,
            &packet.storage.pointee.path,
            NGTCP2_PKT_INFO_VERSION,
            &packet.info,
            packet.start,
            packet.byteLimit,
            &acceptedBytes,
            flags,
            number,
            bytes.start,
            bytes.count,
            now.native
        )
        return (PacketStatus(status), acceptedBytes)
    }

    /// Offers the bytes of a DATAGRAM frame. RFC 9221.
    func write(
        datagram bytes: borrowing NativeVectors,
        to packet: inout PacketSpace,
        at now: MonotonicInstant
    ) -> (status: PacketStatus, isAccepted: Bool) {
        var isAccepted: Int32 = 0
        let status = unsafe ngtcp2_conn_writev_datagram_versioned(
            pointer,
            &packet.storage.pointee.path,
            NGTCP2_PKT_INFO_VERSION,
            &packet.info,
            packet.start,
            packet.byteLimit,
            &isAccepted,
            UInt32(NGTCP2_WRITE_DATAGRAM_FLAG_MORE),
            0,
            bytes.start,
            bytes.count,
            now.native
        )
        return (PacketStatus(status), isAccepted != 0)
    }

    /// The packets of a burst have left.
    func noteTransmitted(at now: MonotonicInstant) {
        unsafe ngtcp2_conn_update_pkt_tx_time(pointer, now.native)
    }

    /// The contents of a CONNECTION_CLOSE frame. RFC 9000 §19.19.
    enum CloseFrame {
        case tlsAlert(UInt8)
        case application(code: UInt64, reasonPhrase: String)
        case transport(NativeError)
    }

    /// Writes a packet with a CONNECTION_CLOSE frame into `space`, in at most `byteLimit` bytes; nil when none can be sent.
    func write(
        _ frame: CloseFrame,
        into space: inout MutableRawSpan,
        byteLimit: Int,
        at now: MonotonicInstant
    ) -> (count: Int, path: NetworkPath, ecn: ECN)? {
        var error = unsafe ngtcp2_ccerr()
        unsafe ngtcp2_ccerr_default(&error)
        switch frame {
        case .tlsAlert(let alert):
            unsafe ngtcp2_ccerr_set_tls_alert(&error, alert, nil, 0)
        case .application(let code, var phrase):
            // ngtcp2 only points to the phrase.
            return phrase.withUTF8 { phrase in
                unsafe ngtcp2_ccerr_set_application_error(&error, code, phrase.baseAddress, phrase.count)
                return unsafe write(&error, into: &space, byteLimit: byteLimit, at: now)
            }
        case .transport(let failure):
            unsafe ngtcp2_ccerr_set_liberr(&error, failure.number, nil, 0)
        }
        return unsafe write(&error, into: &space, byteLimit: byteLimit, at: now)
    }

    private func write(
        _ error: UnsafeMutablePointer<ngtcp2_ccerr>,
        into space: inout MutableRawSpan,
        byteLimit: Int,
        at now: MonotonicInstant
    ) -> (count: Int, path: NetworkPath, ecn: ECN)? {
        var storage = unsafe ngtcp2_path_storage()
        return unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe space.withUnsafeMutableBytes { space in
                var packet = unsafe PacketSpace(space, byteLimit: byteLimit, storage: storage)
                let written = unsafe ngtcp2_conn_write_connection_close_versioned(
                    pointer,
                    &storage.pointee.path,
                    NGTCP2_PKT_INFO_VERSION,
                    &packet.info,
                    packet.start,
                    packet.byteLimit,
                    error,
                    now.native
                )
                return packet.finish(written)
            }
        }
    }
}

// MARK: - Bytes to send

/// Bytes to send, in the form in which ngtcp2 takes them: pieces of memory that belongs to somebody else. It can be neither copied
/// nor kept by those that are called with it.
@safe
struct NativeVectors: ~Copyable {
    let start: UnsafePointer<ngtcp2_vec>?
    let count: Int
    /// The bytes of all pieces together.
    let byteCount: Int

    fileprivate init(start: UnsafePointer<ngtcp2_vec>?, count: Int, byteCount: Int) {
        unsafe self.start = start
        self.count = count
        self.byteCount = byteCount
    }

    /// No bytes.
    init() {
        unsafe self.init(start: nil, count: 0, byteCount: 0)
    }
}

extension ByteQueue {
    /// Calls `body` with at most `limit` of the bytes from `offset` on.
    @inline(__always)
    mutating func withNativeVectors<Result>(
        from offset: UInt64,
        limit: Int,
        _ body: (borrowing NativeVectors) -> Result
    ) -> Result {
        unsafe withVectors(from: offset, maximumBytes: limit) { vectors in
            unsafe withUnsafeTemporaryAllocation(of: ngtcp2_vec.self, capacity: vectors.count) { native in
                var byteCount = 0
                for unsafe(index, vector) in unsafe vectors.enumerated() {
                    unsafe native[index] = ngtcp2_vec(base: vector.base, len: vector.count)
                    byteCount += unsafe vector.count
                }
                return body(
                    unsafe NativeVectors(start: native.baseAddress, count: vectors.count, byteCount: byteCount)
                )
            }
        }
    }
}

extension SharedPattern {
    /// Calls `body` with at most `limit` bytes of the pattern that stand at `position` of an endless repetition.
    func withNativeVectors<Result>(
        at position: UInt64,
        limit: Int,
        _ body: (borrowing NativeVectors) -> Result
    ) -> Result {
        let bytes = unsafe vector(at: position, limit: limit)
        var vector = unsafe ngtcp2_vec(base: bytes.base, len: bytes.count)
        return unsafe withUnsafePointer(to: &vector) {
            unsafe body(NativeVectors(start: $0, count: 1, byteCount: bytes.count))
        }
    }
}

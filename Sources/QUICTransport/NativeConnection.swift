import BoundedMemory
internal import CNgtcp2
import Datagrams

/// The one owner of an `ngtcp2_conn`, and the only native face of a connection: what goes in and comes out of it is safe.
///
/// ngtcp2 calls back in the middle of most calls, and the callbacks ask it for more: so no call here changes the owner, and none of
/// them may release it. ``Connection/release()`` does, outside of every event.
///
/// Owns: the `ngtcp2_conn` and all it allocated, and a ``NativeContext``. Released by: `deinit`.
@safe
struct NativeConnection: ~Copyable {
    /// For callbacks, which are given nothing else.
    let pointer: OpaquePointer
    private let context: NativeContext

    /// - Parameter pointer: A connection that was made with the allocator of `context`.
    init(_ pointer: OpaquePointer, context: consuming NativeContext) {
        unsafe self.pointer = pointer
        self.context = context
    }

    deinit {
        // Before the context, which has its allocator.
        unsafe ngtcp2_conn_del(pointer)
    }
}

/// What ngtcp2 and GnuTLS keep pointers to as long as a connection lives: its allocator, and the way back to it.
///
/// Owns: one block of 56 bytes, charged as ``MemoryClass/table``. Released by: `deinit`, after the `ngtcp2_conn`.
@safe
struct NativeContext: ~Copyable {
    @unsafe
    struct Contents {
        var memory: ngtcp2_mem
        var reference: ngtcp2_crypto_conn_ref
    }

    private let pointer: UnsafeMutablePointer<Contents>

    /// The context of `connection`, which keeps its account for longer.
    init(of connection: Connection) {
        let account = connection.account
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(
            to: Contents(
                memory: ngtcp2_mem(
                    user_data: account.userData,
                    malloc: TransportAllocator.allocate,
                    free: TransportAllocator.free,
                    calloc: TransportAllocator.allocateZeroed,
                    realloc: TransportAllocator.reallocate
                ),
                reference: ngtcp2_crypto_conn_ref(
                    get_conn: NativeConnection.pointer,
                    user_data: Unmanaged.passUnretained(connection).toOpaque()
                )
            )
        )
        unsafe account.charge(MemoryBlock.bytes(of: pointer), to: .table)
    }

    deinit {
        if let userData = unsafe pointer.pointee.memory.user_data {
            unsafe Unmanaged<MemoryAccount>.fromOpaque(userData)._withUnsafeGuaranteedRef {
                unsafe $0.release(MemoryBlock.bytes(of: pointer), from: .table)
            }
        }
        unsafe pointer.deallocate()
    }

    var memory: UnsafeMutablePointer<ngtcp2_mem> {
        unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: ngtcp2_mem.self)
    }

    var reference: UnsafeMutablePointer<ngtcp2_crypto_conn_ref> {
        let offset = unsafe MemoryLayout<Contents>.offset(of: \.reference) ?? 0
        return unsafe (UnsafeMutableRawPointer(pointer) + offset).assumingMemoryBound(to: ngtcp2_crypto_conn_ref.self)
    }
}

/// Why ngtcp2 gave up, as its error number.
struct NativeError: Hashable {
    let number: Int32

    static let none = NativeError(number: 0)
    static let draining = NativeError(number: NGTCP2_ERR_DRAINING)
    static let idleTimeout = NativeError(number: NGTCP2_ERR_IDLE_CLOSE)
    static let handshakeTimeout = NativeError(number: NGTCP2_ERR_HANDSHAKE_TIMEOUT)
    static let wantsRetry = NativeError(number: NGTCP2_ERR_RETRY)
    static let dropped = NativeError(number: NGTCP2_ERR_DROP_CONN)
    static let versionNegotiation = NativeError(number: NGTCP2_ERR_RECV_VERSION_NEGOTIATION)
    static let tls = NativeError(number: NGTCP2_ERR_CRYPTO)
    static let outOfMemory = NativeError(number: NGTCP2_ERR_NOMEM)
    static let callback = NativeError(number: NGTCP2_ERR_CALLBACK_FAILURE)
}

// MARK: - State

extension NativeConnection {
    /// The version that both sides have agreed on; nil before that. RFC 9368 §2.
    var version: QUICVersion? {
        let number = unsafe ngtcp2_conn_get_negotiated_version(pointer)
        return number == 0 ? nil : QUICVersion(rawValue: number)
    }

    /// The version of the client's first packet.
    var firstVersion: QUICVersion { QUICVersion(rawValue: unsafe ngtcp2_conn_get_client_chosen_version(pointer)) }

    /// The addresses in use.
    var path: NetworkPath? { unsafe NetworkPath(ngtcp2_conn_get_path(pointer).pointee) }

    /// When ``handleTimer(at:)`` is due.
    var timer: MonotonicInstant { unsafe MonotonicInstant(nanoseconds: ngtcp2_conn_get_expiry(pointer)) }

    /// The present probe timeout. RFC 9002 §6.2.1.
    var probeTimeoutNanoseconds: UInt64 { unsafe ngtcp2_conn_get_pto(pointer) }

    /// The state of the path: round trips, congestion window, bytes in flight.
    var pathState: PathState {
        var info = ngtcp2_conn_info()
        unsafe ngtcp2_conn_get_conn_info_versioned(pointer, NGTCP2_CONN_INFO_VERSION, &info)
        return PathState(
            latestRoundTripNanoseconds: info.latest_rtt,
            shortestRoundTripNanoseconds: info.min_rtt,
            smoothedRoundTripNanoseconds: info.smoothed_rtt,
            roundTripVariationNanoseconds: info.rttvar,
            congestionWindowBytes: info.cwnd,
            slowStartThresholdBytes: info.ssthresh,
            inFlightBytes: info.bytes_in_flight
        )
    }

    /// The bytes that may leave in one burst. RFC 9002 §7.7.
    var sendQuantumBytes: Int { unsafe ngtcp2_conn_get_send_quantum(pointer) }

    /// Whether the peer's credit for the connection is used up. RFC 9000 §4.1.
    var isOutOfCredit: Bool { unsafe ngtcp2_conn_get_max_data_left(pointer) == 0 }

    /// The largest packet to write, probes for a larger path MTU included.
    var packetBytesLimit: Int { unsafe ngtcp2_conn_get_max_tx_udp_payload_size(pointer) }

    /// The largest packet that the path is known to carry.
    var pathPacketBytesLimit: Int { unsafe ngtcp2_conn_get_path_max_tx_udp_payload_size(pointer) }

    /// The length of the peer's connection ID in use, 0 to 20 bytes.
    var destinationIDBytes: Int { unsafe ngtcp2_conn_get_dcid(pointer)?.pointee.datalen ?? 0 }

    /// How many of the peer's connection IDs are in use on paths.
    var activeDestinationIDs: Int { unsafe ngtcp2_conn_get_active_dcid(pointer, nil) }

    /// The alert with which TLS ended the handshake, or 0. RFC 8446 §6.
    var tlsAlert: UInt8 { unsafe ngtcp2_conn_get_tls_alert(pointer) }

    /// The parts of the peer's transport parameters that a connection goes by. RFC 9000 §18.2.
    struct PeerParameters {
        /// Zero for none.
        let idleTimeoutNanoseconds: UInt64
        let acknowledgementDelay: Duration
        /// RFC 9221 §3; zero where the peer takes none.
        let datagramFrameBytes: Int
    }

    /// Those that matter of the peer's transport parameters; nil before they arrived.
    var peerParameters: PeerParameters? {
        guard let parameters = unsafe ngtcp2_conn_get_remote_transport_params(pointer) else { return nil }
        return unsafe PeerParameters(
            idleTimeoutNanoseconds: parameters.pointee.max_idle_timeout,
            acknowledgementDelay: .nanoseconds(Int64(clamping: parameters.pointee.max_ack_delay)),
            datagramFrameBytes: Int(clamping: parameters.pointee.max_datagram_frame_size)
        )
    }

    /// Takes the idle timeout that the peer sent for none, so that ours counts.
    func ignorePeerIdleTimeout() {
        guard let parameters = unsafe ngtcp2_conn_get_remote_transport_params(pointer) else { return }
        unsafe UnsafeMutablePointer(mutating: parameters).pointee.max_idle_timeout = 0
    }

    /// The CONNECTION_CLOSE frame of the peer's. RFC 9000 §19.19.
    struct PeerClose {
        let isApplication: Bool
        let code: UInt64
        let reasonPhrase: String
    }

    /// The CONNECTION_CLOSE frame of the peer's; its reason phrase no longer than ``ClosingDetails/reasonPhraseBytesLimit``.
    var peerClose: PeerClose? {
        guard let error = unsafe ngtcp2_conn_get_ccerr(pointer) else { return nil }
        let phrase = unsafe UnsafeRawBufferPointer(start: error.pointee.reason, count: error.pointee.reasonlen)
        let text = unsafe ClosingDetails.phrase(phrase.bytes)
        return unsafe PeerClose(
            isApplication: error.pointee.type == NGTCP2_CCERR_TYPE_APPLICATION,
            code: error.pointee.error_code,
            reasonPhrase: text
        )
    }
}

// MARK: - Commands

extension NativeConnection {
    /// Sends a PING after a silence of so many nanoseconds; the greatest number for never.
    func keepAlive(everyNanoseconds interval: UInt64) {
        unsafe ngtcp2_conn_set_keep_alive_timeout(pointer, interval)
    }

    /// Starts using the next generation of keys. RFC 9001 §6.
    func updateKeys(at now: MonotonicInstant) throws(QUICError) {
        let status = unsafe ngtcp2_conn_initiate_key_update(pointer, now.native)
        guard status == 0 else { throw QUICError(transport: status, during: "updating keys") }
    }

    /// Sends and receives at another local address from now on.
    func rebind(to local: SocketAddress) {
        unsafe local.withNative { address, length in
            var local = unsafe ngtcp2_addr(addr: UnsafeMutablePointer(mutating: address), addrlen: length)
            unsafe ngtcp2_conn_set_local_addr(pointer, &local)
        }
    }

    /// Queues `token` for a NEW_TOKEN frame. RFC 9000 §8.1.3.
    func submit(addressToken token: [UInt8]) -> NativeError {
        NativeError(number: unsafe ngtcp2_conn_submit_new_token(pointer, token, token.count))
    }

    /// Ties TLS and transport together; each finds the other through the context.
    func attach(_ session: borrowing TLSSession) {
        unsafe session.attach(to: pointer, reference: context.reference)
    }

    /// Forgets the TLS session, which is freed next.
    func detachTLS() {
        unsafe ngtcp2_conn_set_tls_native_handle(pointer, nil)
    }
}

// MARK: - Streams

extension NativeConnection {
    /// Opens a stream.
    ///
    /// - Throws: When the peer's limit does not allow one. RFC 9000 §4.6.
    func openStream(_ direction: StreamDirection) throws(QUICError) -> StreamID {
        var number: Int64 = -1
        let status =
            switch direction {
            case .bidirectional: unsafe ngtcp2_conn_open_bidi_stream(pointer, &number, nil)
            case .unidirectional: unsafe ngtcp2_conn_open_uni_stream(pointer, &number, nil)
            }
        guard status == 0 else { throw QUICError(transport: status, during: "opening a stream") }
        return StreamID(number)
    }

    /// Has callbacks find `stream`, which ``Connection`` keeps until ngtcp2 tells that it is closed.
    func attach(_ stream: Stream) {
        let userData = unsafe Unmanaged.passUnretained(stream).toOpaque()
        unsafe ngtcp2_conn_set_stream_user_data(pointer, stream.id.rawValue, userData)
    }

    /// Resets both halves of a stream; false when there is no memory to.
    func reset(_ id: StreamID, code: UInt64) -> Bool {
        unsafe ngtcp2_conn_shutdown_stream(pointer, 0, id.rawValue, code) == 0
    }

    /// The peer may open another stream of the kind of `id`. RFC 9000 §4.6.
    func extendStreamLimit(forKindOf id: StreamID) {
        if id.isBidirectional {
            unsafe ngtcp2_conn_extend_max_streams_bidi(pointer, 1)
        } else {
            unsafe ngtcp2_conn_extend_max_streams_uni(pointer, 1)
        }
    }

    /// The peer may send `byteCount` bytes more on a stream. RFC 9000 §4.1.
    func extendCredit(of id: StreamID, by byteCount: UInt64) {
        unsafe ngtcp2_conn_extend_max_stream_offset(pointer, id.rawValue, byteCount)
    }

    /// The peer may send `byteCount` bytes more on all streams together. RFC 9000 §4.1.
    func extendCredit(by byteCount: UInt64) {
        unsafe ngtcp2_conn_extend_max_offset(pointer, byteCount)
    }
}

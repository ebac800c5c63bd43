internal import CNgtcp2
import Datagrams

/// The functions ngtcp2 calls. Each finds its connection through the user data and returns 0 or an error number.
extension NativeConnection {
    /// Those that a server's and a client's connection have in common.
    static func makeCallbacks() -> ngtcp2_callbacks {
        var callbacks = ngtcp2_callbacks()
        unsafe PacketProtection.install(in: &callbacks)
        unsafe callbacks.get_path_challenge_data = { native, data, userData in
            let status = unsafe Self.with(userData) { connection in
                connection.noteChallenge()
                return 0
            }
            return unsafe status == 0 ? ngtcp2_crypto_get_path_challenge_data_cb(native, data, userData) : status
        }
        unsafe callbacks.path_validation = { _, _, path, _, result, userData in
            unsafe Self.with(userData) { connection in
                if result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS {
                    connection.noteValidity(of: unsafe path.flatMap { unsafe NetworkPath($0.pointee) })
                }
                return 0
            }
        }
        addConnectionCallbacks(to: &callbacks)
        addStreamCallbacks(to: &callbacks)
        return callbacks
    }

    private static func addConnectionCallbacks(to callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.recv_crypto_data = { native, level, offset, data, count, userData in
            unsafe Self.with(userData) { connection in
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
                let admission = unsafe connection.admitCrypto(bytes.bytes)
                switch admission {
                case .take, .takeTicket: break
                case .ignore: return 0
                case .fail: return NGTCP2_ERR_CALLBACK_FAILURE
                case .refuse(let alert):
                    unsafe ngtcp2_conn_set_tls_alert(native, alert)
                    return NGTCP2_ERR_CRYPTO
                }
                let status = unsafe ngtcp2_crypto_recv_crypto_data_cb(native, level, offset, data, count, nil)
                if case .takeTicket = admission { connection.keepTicket() }
                return status
            }
        }
        unsafe callbacks.handshake_completed = { _, userData in
            unsafe Self.with(userData) { $0.didCompleteHandshake() }
        }
        unsafe callbacks.handshake_confirmed = { _, userData in
            unsafe Self.with(userData) { connection in
                connection.didConfirmHandshake()
                return 0
            }
        }
        unsafe callbacks.get_new_connection_id = { _, destination, token, _, userData in
            unsafe Self.with(userData) { connection in
                guard let destination = unsafe destination, let token = unsafe token,
                    let (id, resetToken) = connection.issueConnectionID()
                else { return NGTCP2_ERR_CALLBACK_FAILURE }
                unsafe destination.pointee = id.native
                unsafe resetToken.copy(to: token)
                return 0
            }
        }
        unsafe callbacks.remove_connection_id = { _, id, userData in
            unsafe Self.with(userData) { connection in
                guard let id = unsafe id else { return 0 }
                unsafe connection.retireConnectionID(ConnectionID(id.pointee))
                return 0
            }
        }
        unsafe callbacks.dcid_status = { _, status, _, _, token, userData in
            unsafe Self.with(userData) { connection in
                guard let token = unsafe token,
                    let key = unsafe ConnectionID(UnsafeRawBufferPointer(start: token, count: 16).bytes)
                else { return 0 }
                connection.note(key, isActive: status == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE)
                return 0
            }
        }
        unsafe callbacks.recv_datagram = { _, _, data, count, userData in
            unsafe Self.with(userData) { connection in
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
                unsafe connection.receiveDatagram(bytes.bytes)
                return 0
            }
        }
        unsafe callbacks.recv_stateless_reset = { _, _, userData in
            unsafe Self.with(userData) { connection in
                connection.noteStatelessReset()
                return 0
            }
        }
    }

    private static func addStreamCallbacks(to callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.stream_open = { _, id, userData in
            unsafe Self.with(userData) { connection in
                connection.didOpenStream(StreamID(id))
                return 0
            }
        }
        unsafe callbacks.recv_stream_data = { _, flags, _, _, data, count, userData, streamData in
            unsafe Self.with(userData, streamData) { connection, stream in
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
                if flags & UInt32(NGTCP2_STREAM_DATA_FLAG_0RTT) != 0 { stream.noteEarlyArrival() }
                let isFinal = flags & UInt32(NGTCP2_STREAM_DATA_FLAG_FIN) != 0
                let isTaken = unsafe connection.receive(bytes.bytes, isFinal: isFinal, on: stream)
                return isTaken ? 0 : NGTCP2_ERR_CALLBACK_FAILURE
            }
        }
        unsafe callbacks.acked_stream_data_offset = { _, _, offset, count, userData, streamData in
            unsafe Self.with(userData, streamData) { connection, stream in
                connection.didAcknowledge(upTo: offset + count, of: stream)
                return 0
            }
        }
        unsafe callbacks.stream_close = { _, flags, _, _, userData, streamData in
            unsafe Self.with(userData, streamData) { connection, stream in
                let isReset = flags & UInt32(NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0
                connection.retire(stream, isComplete: !isReset)
                return 0
            }
        }
        unsafe callbacks.stream_reset = { _, _, _, code, userData, streamData in
            unsafe Self.with(userData, streamData) { connection, stream in
                connection.cancel(stream, code: code)
                return 0
            }
        }
        unsafe callbacks.extend_max_local_streams_bidi = { _, _, userData in
            unsafe Self.with(userData) { connection in
                connection.service?.connection(connection, mayOpen: .bidirectional)
                return 0
            }
        }
        unsafe callbacks.extend_max_local_streams_uni = { _, _, userData in
            unsafe Self.with(userData) { connection in
                connection.service?.connection(connection, mayOpen: .unidirectional)
                return 0
            }
        }
        unsafe callbacks.extend_max_stream_data = { _, _, _, userData, streamData in
            unsafe Self.with(userData, streamData) { connection, stream in
                connection.streamHasOutput(stream)
                return 0
            }
        }
    }

    /// Finds the `ngtcp2_conn` for GnuTLS's side of the crypto helper.
    static let pointer: @convention(c) (UnsafeMutablePointer<ngtcp2_crypto_conn_ref>?) -> OpaquePointer? = {
        reference in
        guard let userData = unsafe reference?.pointee.user_data else { return nil }
        return unsafe Unmanaged<Connection>.fromOpaque(userData)._withUnsafeGuaranteedRef { unsafe $0.native?.pointer }
    }

    /// ngtcp2 hands over each record in one piece: RS, a JSON text and a line feed (RFC 7464 §2.2).
    static let writeQlog: @convention(c) (UnsafeMutableRawPointer?, UInt32, UnsafeRawPointer?, Int) -> Void = {
        userData,
        _,
        data,
        count in
        _ = unsafe with(userData) { connection in
            let record = unsafe UnsafeRawBufferPointer(start: data, count: count)
            unsafe connection.log(record.bytes)
            return 0
        }
    }

    /// Calls `body` with the connection behind `userData`, without counting references.
    private static func with(_ userData: UnsafeMutableRawPointer?, _ body: (Connection) -> Int32) -> Int32 {
        guard let userData = unsafe userData else { return NGTCP2_ERR_CALLBACK_FAILURE }
        return unsafe Unmanaged<Connection>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
    }

    /// The same with the stream behind `streamData`; nothing happens for a stream that is already gone.
    private static func with(
        _ userData: UnsafeMutableRawPointer?,
        _ streamData: UnsafeMutableRawPointer?,
        _ body: (Connection, Stream) -> Int32
    ) -> Int32 {
        guard let streamData = unsafe streamData else { return 0 }
        return unsafe with(userData) { connection in
            unsafe Unmanaged<Stream>.fromOpaque(streamData)._withUnsafeGuaranteedRef { body(connection, $0) }
        }
    }
}

internal import CNgtcp2
import Datagrams
import FaultInjection

/// The functions ngtcp2 calls. Each finds its connection through the user data and returns 0 or an error number.
extension Connection {
    /// TLS's `unexpected_message` alert. RFC 8446 §6.
    private static let unexpectedMessageAlert: UInt8 = 10
    /// TLS's `decode_error` alert. RFC 8446 §6.2: the length of the message was incorrect.
    private static let decodeErrorAlert: UInt8 = 50
    /// TLS's `no_application_protocol` alert. RFC 7301 §3.2.
    private static let noApplicationProtocolAlert: UInt8 = 120

    /// What a server's and a client's connection have in common.
    static func makeCallbacks() -> ngtcp2_callbacks {
        var callbacks = ngtcp2_callbacks()
        unsafe PacketProtection.install(in: &callbacks)
        unsafe callbacks.get_path_challenge_data = { native, data, userData in
            let status = unsafe Connection.with(userData) { connection in
                connection.noteChallenge()
                return 0
            }
            return unsafe status == 0 ? ngtcp2_crypto_get_path_challenge_data_cb(native, data, userData) : status
        }
        unsafe callbacks.path_validation = { _, _, path, _, result, userData in
            unsafe Connection.with(userData) { connection in
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
            unsafe Connection.with(userData) { connection in
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
            unsafe Connection.with(userData) { $0.didCompleteHandshake() }
        }
        unsafe callbacks.get_new_connection_id = { _, destination, token, _, userData in
            unsafe Connection.with(userData) { connection in
                guard let destination = unsafe destination, let token = unsafe token,
                    let (id, resetToken) = connection.issueConnectionID()
                else { return NGTCP2_ERR_CALLBACK_FAILURE }
                unsafe destination.pointee = id.native
                unsafe resetToken.copy(to: token)
                return 0
            }
        }
        unsafe callbacks.remove_connection_id = { _, id, userData in
            unsafe Connection.with(userData) { connection in
                guard let id = unsafe id else { return 0 }
                unsafe connection.retireConnectionID(ConnectionID(id.pointee))
                return 0
            }
        }
        unsafe callbacks.dcid_status = { _, status, _, _, token, userData in
            unsafe Connection.with(userData) { connection in
                guard let token = unsafe token,
                    let key = unsafe ConnectionID(UnsafeRawBufferPointer(start: token, count: 16).bytes)
                else { return 0 }
                connection.note(key, isActive: status == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE)
                return 0
            }
        }
        unsafe callbacks.recv_datagram = { _, _, data, count, userData in
            unsafe Connection.with(userData) { connection in
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
                connection.openForEarlyData()
                unsafe connection.receiveDatagram(bytes.bytes)
                return 0
            }
        }
        unsafe callbacks.recv_stateless_reset = { _, _, userData in
            unsafe Connection.with(userData) { connection in
                connection.noteStatelessReset()
                return 0
            }
        }
    }

    private static func addStreamCallbacks(to callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.stream_open = { _, id, userData in
            unsafe Connection.with(userData) { connection in
                connection.openForEarlyData()
                let stream = connection.adopt(StreamID(id))
                if connection.isHandshaking { stream.noteEarlyArrival() }
                connection.service?.streamDidOpen(stream)
                return 0
            }
        }
        unsafe callbacks.recv_stream_data = { _, flags, _, _, data, count, userData, streamData in
            unsafe Connection.with(userData, streamData) { connection, stream in
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
                if flags & UInt32(NGTCP2_STREAM_DATA_FLAG_0RTT) != 0 { stream.noteEarlyArrival() }
                return connection.receive(
                    unsafe bytes.bytes,
                    isFinal: flags & UInt32(NGTCP2_STREAM_DATA_FLAG_FIN) != 0,
                    on: stream
                )
            }
        }
        unsafe callbacks.acked_stream_data_offset = { _, _, offset, count, userData, streamData in
            unsafe Connection.with(userData, streamData) { connection, stream in
                connection.didAcknowledge(upTo: offset + count, of: stream)
            }
        }
        unsafe callbacks.stream_close = { _, flags, _, _, userData, streamData in
            unsafe Connection.with(userData, streamData) { connection, stream in
                let isReset = flags & UInt32(NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0
                connection.retire(stream, isComplete: !isReset)
                return 0
            }
        }
        unsafe callbacks.stream_reset = { _, _, _, code, userData, streamData in
            unsafe Connection.with(userData, streamData) { $0.cancel($1, code: code) }
        }
        unsafe callbacks.extend_max_local_streams_bidi = { _, _, userData in
            unsafe Connection.with(userData) { connection in
                connection.service?.connection(connection, mayOpen: .bidirectional)
                return 0
            }
        }
        unsafe callbacks.extend_max_local_streams_uni = { _, _, userData in
            unsafe Connection.with(userData) { connection in
                connection.service?.connection(connection, mayOpen: .unidirectional)
                return 0
            }
        }
        unsafe callbacks.extend_max_stream_data = { _, _, _, userData, streamData in
            unsafe Connection.with(userData, streamData) { connection, stream in
                connection.streamHasOutput(stream)
                return 0
            }
        }
    }

    /// Finds the `ngtcp2_conn` for GnuTLS's side of the crypto helper.
    static let nativeConnection: @convention(c) (UnsafeMutablePointer<ngtcp2_crypto_conn_ref>?) -> OpaquePointer? = {
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
            unsafe connection.qlog?.append(UnsafeRawBufferPointer(start: data, count: count).bytes)
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

// MARK: - Handshake

extension Connection {
    /// The decision about CRYPTO bytes.
    private enum CryptoAdmission {
        /// TLS gets them.
        case take
        /// TLS gets them, and has a session ticket afterwards.
        case takeTicket
        case ignore
        /// The connection ends without an alert.
        case fail
        /// The connection ends with an alert of TLS.
        case refuse(alert: UInt8)
    }

    /// CRYPTO bytes go to TLS as long as there is a handshake.
    ///
    /// A server that fed later ones to GnuTLS would let a client fill its memory; one that fed them to a freed session
    /// would crash.
    private func admitCrypto(_ bytes: RawSpan) -> CryptoAdmission {
        if isHandshaking {
            switch refusal(ofHandshakeBytes: bytes) {
            case nil: return .take
            case .tooManyBytes: return .fail
            case .messageTooLong: return .refuse(alert: Self.decodeErrorAlert)
            case .unexpectedMessage: return .refuse(alert: Self.unexpectedMessageAlert)
            }
        }
        switch role {
        case .client:
            // Session tickets and nothing else: they are for clients that resume.
            return tls?.awaitsTicket == true ? .takeTicket : .ignore
        case .server:
            // Not handed to the freed session, which would crash: the client may go on sending it.
            if FaultInjection.isDefenceless { return .ignore }
            // RFC 9001 §4.1.3: a client has nothing to say in TLS once the handshake is complete.
            return .refuse(alert: Self.unexpectedMessageAlert)
        }
    }

    /// Why CRYPTO bytes of the handshake are kept from TLS: they are more than any client sends.
    private func refusal(ofHandshakeBytes bytes: RawSpan) -> HandshakeIntake.Refusal? {
        guard role == .server else { return nil }
        let refusal = handshakeIntake.admit(bytes, bytesLimit: configuration.handshakeCryptoBytesLimit)
        return FaultInjection.isDefenceless ? nil : refusal
    }

    private func didCompleteHandshake() -> Int32 {
        let name = tls?.selectedProtocol
        // RFC 9001 §8.1: "When using ALPN, endpoints MUST immediately close a connection […] with a no_application_protocol TLS
        // alert […] if an application protocol is not negotiated." GnuTLS sees to that at a server only.
        if role == .client, name == nil {
            refuseHandshake(alert: Self.noApplicationProtocolAlert)
            return 0
        }
        let remembered = applicationProtocol
        establish(protocol: name)
        // Before anything that may fail: the host counts by state, and the state has changed.
        environment.host.connectionDidEstablish(self)
        mayUpdateKeys = true
        ignoreWrappedIdleTimeout()
        settleEarlyData(agreedOn: name, ticketFor: remembered)
        let status = role == .server ? sendTicketAndToken() : 0
        guard status == 0, pendingEnd == nil else { return status }
        // Early data has opened it already.
        if let service {
            service.connectionDidCompleteHandshake(self)
        } else if let service = name.flatMap({ environment.host.service(for: $0) }) {
            open(to: service)
        }
        return status
    }

    /// Takes an idle timeout of the peer's that ngtcp2 could not hold for none, so that ours counts. RFC 9000 §10.1.
    ///
    /// Before 1.23 it multiplies the peer's milliseconds without looking at their number: of 18446744073710 it makes 0.4. Some
    /// numbers beyond become whole milliseconds, which cannot be told from those a client means; they harm only that client.
    private func ignoreWrappedIdleTimeout() {
        let nanoseconds = native?.peerParameters?.idleTimeoutNanoseconds ?? 0
        if nanoseconds % Self.nanosecondsPerMillisecond != 0 { native?.ignorePeerIdleTimeout() }
    }

    private static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    /// Queues what lets the client come back cheaply, while the TLS session still exists.
    private func sendTicketAndToken() -> Int32 {
        guard let version else { return NGTCP2_ERR_CALLBACK_FAILURE }
        // A ticket has the client's certificates in it, comes back in a ClientHello, and outlives them where they expire.
        if configuration.sendsSessionTicket, tls?.hasPeerCertificate == false, prepareTicket(of: version) {
            guard tls?.sendTicket() == true else { return NGTCP2_ERR_CALLBACK_FAILURE }
        }
        guard let remote = path?.remote,
            let token = environment.host.addressToken(for: remote, version: version, at: now)
        else { return 0 }
        return native?.submit(addressToken: token).number ?? NGTCP2_ERR_CALLBACK_FAILURE
    }

    /// Gets ready to make a ticket of a connection that has changed to `version`; false where GnuTLS has used the key of the first
    /// one already, since the client brought a ticket.
    ///
    /// RFC 9369 §5: "After compatible version negotiation, any resulting session ticket or token maps to the negotiated version
    /// rather than the original one."
    private func prepareTicket(of version: QUICVersion) -> Bool {
        guard version != native?.firstVersion, tls != nil else { return true }
        return environment.serverTLS?.changeTickets(of: &tls, to: version) ?? false
    }
}

// MARK: - Connection IDs

extension Connection {
    private func issueConnectionID() -> (ConnectionID, StatelessResetToken)? {
        guard let issued = environment.host.issueConnectionID(for: self) else { return nil }
        add(issued.0)
        return issued
    }

    /// The peer's reset token `token` has come into use, or out of it.
    private func note(_ token: ConnectionID, isActive: Bool) {
        if isActive {
            add(peerResetToken: token)
            environment.host.expectReset(withToken: token, of: self)
        } else {
            remove(peerResetToken: token)
            environment.host.forgetReset(withToken: token, of: self)
        }
    }

    private func retireConnectionID(_ id: ConnectionID) {
        remove(id)
        environment.host.retire(id, of: self)
    }
}

// MARK: - Streams

extension Connection {
    private func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) -> Int32 {
        stream.didReceive(bytes.byteCount)
        watch.noteBytes(bytes.byteCount, minimum: configuration.minimumProgressBytes, at: now)
        meter.noteUseful(bytes.byteCount)
        guard let service, !stream.isReset else {
            stream.extendCredit(bytes.byteCount)
            return 0
        }
        do throws(StreamError) {
            try service.receive(bytes, isFinal: isFinal, on: stream)
            noteHandled(stream)
            return 0
        } catch {
            return NGTCP2_ERR_CALLBACK_FAILURE
        }
    }

    private func didAcknowledge(upTo offset: UInt64, of stream: Stream) -> Int32 {
        let released = stream.didAcknowledge(upTo: offset)
        watch.noteBytes(released, minimum: configuration.minimumProgressBytes, at: now)
        meter.noteUseful(released)
        if released > 0 { service?.stream(stream, didRelease: released) }
        return 0
    }

    private func cancel(_ stream: Stream, code: UInt64) -> Int32 {
        service?.stream(stream, wasCancelledWith: code)
        return 0
    }

    /// The peer sent STOP_SENDING, as the refusal of `stream`'s bytes tells: ngtcp2 has no callback for it.
    ///
    /// RFC 9000 §3.5: an endpoint that receives a STOP_SENDING frame MUST send a RESET_STREAM frame; ngtcp2 does.
    func didStopReading(_ stream: Stream) {
        stream.stop()
        service?.stream(stream, wasCancelledWith: 0)
    }
}

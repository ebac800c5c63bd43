internal import CNgtcp2
import QUICPackets

/// How a client's ClientHello differs from the one that GnuTLS and ngtcp2 would make: for tests of servers.
package struct ClientHelloChanges: Sendable {
    /// Bytes of an extension that no server knows. A key share of X25519MLKEM768 makes a ClientHello 1,216 bytes longer.
    package var paddingBytes = 0
    /// Makes the transport parameters from those that ngtcp2 would send, or leaves the extension out; nil to send those.
    /// RFC 9000 §18.
    package var transportParameters: (@Sendable ([UInt8]) -> [UInt8]?)?

    /// The one cipher that is offered, by GnuTLS's name for it; nil for those of the context. RFC 9001 §5.3.
    package var cipher: String?

    /// No changes.
    package init() {}

    /// RFC 8446 §11: extensions of 0xff00 and more are for private use.
    fileprivate static let paddingExtension: Int32 = 0xff5f
    /// RFC 9001 §8.2: quic_transport_parameters.
    fileprivate static let transportParametersExtension: Int32 = 0x39
    /// The most bytes that ngtcp2 makes of a client's transport parameters.
    fileprivate static let usualParametersBytesLimit = 512
}

extension TLSSession {
    /// Makes the session's first message different; its context is set already.
    borrowing func install(_ changes: ClientHelloChanges) throws(QUICError) {
        if let cipher = changes.cipher {
            let preferences = TLSCredentials.preferences(ciphers: [cipher])
            try QUICError.checkTLS(
                unsafe gnutls_priority_set_direct(native, preferences, nil),
                "offering \(cipher) alone"
            )
        }
        let inHello = UInt32(GNUTLS_EXT_FLAG_TLS.rawValue | GNUTLS_EXT_FLAG_CLIENT_HELLO.rawValue)
        if changes.paddingBytes > 0 {
            let number = ClientHelloChanges.paddingExtension
            try unsafe register("padding", number, receive: ignoreExtension, send: sendPadding, flags: inHello)
        }
        if changes.transportParameters != nil {
            let number = ClientHelloChanges.transportParametersExtension
            let flags = inHello | UInt32(GNUTLS_EXT_FLAG_EE.rawValue)
            try unsafe register(
                "transport parameters",
                number,
                receive: receiveTransportParameters,
                send: sendTransportParameters,
                flags: flags
            )
        }
    }

    private func register(
        _ name: String,
        _ number: Int32,
        receive: gnutls_ext_recv_func,
        send: gnutls_ext_send_func,
        flags: UInt32
    ) throws(QUICError) {
        try QUICError.checkTLS(
            unsafe gnutls_session_ext_register(
                native,
                name,
                number,
                GNUTLS_EXT_TLS,
                receive,
                send,
                nil,
                nil,
                nil,
                flags
            ),
            "registering the extension for \(name)"
        )
    }
}

private let ignoreExtension: gnutls_ext_recv_func = { _, _, _ in 0 }

private let sendPadding: gnutls_ext_send_func = { session, buffer in
    guard let session = unsafe session, let context = unsafe TLSClientContext.of(session) else { return 0 }
    let bytes = [UInt8](repeating: 0, count: context.hello.paddingBytes)
    let status = unsafe gnutls_buffer_append_data(buffer, bytes, bytes.count)
    return status < 0 ? status : Int32(bytes.count)
}

private let sendTransportParameters: gnutls_ext_send_func = { session, buffer in
    guard let session = unsafe session, let context = unsafe TLSClientContext.of(session),
        let change = context.hello.transportParameters, let connection = unsafe TLSSession.connection(of: session)
    else { return 0 }
    let usual = unsafe [UInt8](unsafeUninitializedCapacity: ClientHelloChanges.usualParametersBytesLimit) {
        space,
        count in
        let written = unsafe ngtcp2_conn_encode_local_transport_params(connection, space.baseAddress, space.count)
        count = max(0, written)
    }
    guard let bytes = change(usual) else { return 0 }
    let status = unsafe gnutls_buffer_append_data(buffer, bytes, bytes.count)
    // 0 would leave the extension out.
    return status < 0 ? status : bytes.isEmpty ? GNUTLS_E_INT_RET_0 : Int32(bytes.count)
}

private let receiveTransportParameters: gnutls_ext_recv_func = { session, bytes, count in
    guard let session = unsafe session, let connection = unsafe TLSSession.connection(of: session) else { return 0 }
    let status = unsafe ngtcp2_conn_decode_and_set_remote_transport_params(connection, bytes, count)
    return status == 0 ? 0 : GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER
}

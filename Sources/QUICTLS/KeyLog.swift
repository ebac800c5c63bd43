internal import CNgtcp2

/// Takes the secrets of TLS sessions, a line for each in the format of `SSLKEYLOGFILE`, without a line break:
/// `CLIENT_TRAFFIC_SECRET_0 <client random> <secret>`, both in hexadecimal.
///
/// Anyone who has these lines can read and forge everything that both sides say. It is called on the thread that drives the
/// connection: of a server with several workers, on each of theirs.
public typealias KeyLog = @Sendable (_ line: String) -> Void

extension TLSSession {
    /// Tells the key log of the session's context of each secret from now on.
    borrowing func logKeys() {
        unsafe gnutls_session_set_keylog_function(native, logSecret)
    }
}

private let logSecret: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<gnutls_datum_t>?) -> Int32 =
    {
        session,
        label,
        secret in
        guard let session = unsafe session, let label = unsafe label, let secret = unsafe secret?.pointee,
            let keyLog = unsafe TLSClientContext.of(session)?.keyLog ?? TLSServerContext.of(session)?.keyLog
        else { return 0 }
        var clientRandom = unsafe gnutls_datum_t()
        var serverRandom = unsafe gnutls_datum_t()
        unsafe gnutls_session_get_random(session, &clientRandom, &serverRandom)
        let words = unsafe [String(cString: label), hexadecimal(clientRandom), hexadecimal(secret)]
        keyLog(words.joined(separator: " "))
        return 0
    }

private func hexadecimal(_ datum: gnutls_datum_t) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let bytes = unsafe UnsafeBufferPointer(start: datum.data, count: Int(datum.size))
    let text = unsafe bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
}

public import QUICPackets

#if OpenSSL
internal import COpenSSL
#endif

extension LinkedLibraries {
    /// The version of OpenSSL whose libcrypto signs handshakes, such as `3.0.22`; nil where none does.
    public static let opensslVersion: String? = {
        #if OpenSSL
        unsafe OpenSSL_version(OPENSSL_VERSION_STRING).map { unsafe String(cString: $0) }
        #else
        nil
        #endif
    }()
}

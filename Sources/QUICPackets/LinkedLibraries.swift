internal import CNgtcp2

/// The libraries this process runs with, which may be newer than those it was built with.
public enum LinkedLibraries {
    /// The version of ngtcp2, such as `1.11.0`.
    public static let ngtcp2Version =
        unsafe ngtcp2_version(0).map { info in
            unsafe String(cString: info.pointee.version_str)
        } ?? unknown

    /// The version of GnuTLS, such as `3.7.9`.
    public static let gnutlsVersion = unsafe gnutls_check_version(nil).map { unsafe String(cString: $0) } ?? unknown

    /// Whether a server that follows clients to other addresses is known to survive whatever they do, as `PathMigration`
    /// makes sure of with ngtcp2 1.11. Other versions need another rule.
    public static let followsClientsSafely =
        unsafe ngtcp2_version(0).map { info in
            unsafe provenVersionNumbers.contains(info.pointee.version_num)
        } ?? false

    /// 1.11.0 to 1.11.255.
    private static let provenVersionNumbers: ClosedRange<Int32> = 0x01_0b00...0x01_0bff
    private static let unknown = "unknown"
}

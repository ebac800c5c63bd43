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

    private static let unknown = "unknown"
}

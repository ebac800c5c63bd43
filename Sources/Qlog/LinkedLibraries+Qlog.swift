internal import CNgtcp2
public import QUICPackets

extension LinkedLibraries {
    /// The reason why no connection has a qlog in this process; nil where one may.
    public static var qlogRefusal: QlogError? {
        guard let info = unsafe ngtcp2_version(0) else { return .unsafeLibrary(version: ngtcp2Version) }
        return unsafe qlogRefusal(versionNumber: info.pointee.version_num, version: ngtcp2Version)
    }

    /// The reason why a version of ngtcp2 is not safe with a qlog; nil where it is.
    ///
    /// Before 1.22.1 ngtcp2 writes the transport parameters of the peer into 1,024 bytes of its stack, whatever their length:
    /// CVE-2026-40170. A distribution may have repaired an older version, which its number does not tell.
    package static func qlogRefusal(versionNumber: Int32, version: String) -> QlogError? {
        versionNumber >= qlogSafeVersionNumber ? nil : .unsafeLibrary(version: version)
    }

    /// 1.22.1.
    private static let qlogSafeVersionNumber: Int32 = 0x01_1601
}

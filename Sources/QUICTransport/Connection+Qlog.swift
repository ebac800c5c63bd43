import BoundedMemory
internal import CNgtcp2

extension Connection {
    /// Begins the log of a connection, before ngtcp2 makes it: the first record tells of that.
    ///
    /// - Parameter original: The Destination Connection ID of the client's first packet, before any Retry. RFC 9000 §7.3.
    func beginQlog(named original: ConnectionID) {
        guard let directory = configuration.qlog else { return }
        qlog = QlogFile(in: directory, named: original, account: account)
    }

    /// Ends the log, after the `ngtcp2_conn`, which writes no more.
    func endQlog() {
        qlog?.close(account)
        qlog = nil
    }
}

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

extension TransportConfiguration {
    /// Bytes of transport that a log takes: ngtcp2's buffer of 4 KiB, as the allocator rounds it.
    var qlogTransportBytes: Int { qlog == nil ? 0 : Self.qlogNativeBytes }

    /// Bytes that a log takes of a connection, in all classes.
    package var qlogBytes: Int { qlog == nil ? 0 : Self.qlogNativeBytes + QlogFile.bufferBytes + Self.qlogObjectBytes }

    private static let qlogNativeBytes = 4_096 + 64
    /// Our own object and the allocator's part of the buffer, rounded up.
    private static let qlogObjectBytes = 256
}

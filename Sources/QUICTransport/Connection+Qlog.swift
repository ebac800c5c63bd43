import BoundedMemory

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

extension TransportConfiguration {
    /// Bytes of transport that a log takes: ngtcp2's buffer of 4 KiB, as the allocator rounds it.
    var qlogTransportBytes: Int { qlog == nil ? 0 : Self.qlogNativeBytes }

    /// Bytes that a log takes of a connection, in all classes.
    package var qlogBytes: Int { qlog == nil ? 0 : Self.qlogNativeBytes + QlogFile.bufferBytes + Self.qlogObjectBytes }

    private static let qlogNativeBytes = 4_096 + 64
    /// Our own object and the allocator's part of the buffer, rounded up.
    private static let qlogObjectBytes = 256
}

public import Datagrams

extension Connection {
    /// A server's connection for a client's first packet, which is fed to ``receive(_:path:ecn:at:)`` next.
    ///
    /// - Parameters:
    ///   - initial: The header of the client's packet.
    ///   - retriedFrom: The connection ID the client first wrote to, when it answers a Retry.
    ///   - isAddressProven: Whether the packet's token proves the client's address. RFC 9000 §8.1.
    ///   - source: Our first connection ID; it already leads to `handle`.
    /// - Throws: When there is no memory for it. Nothing is left behind.
    public static func accept(
        _ initial: InitialPacket,
        retriedFrom: ConnectionID?,
        isAddressProven: Bool,
        source: ConnectionID,
        path: NetworkPath,
        handle: ConnectionHandle,
        environment: ConnectionEnvironment,
        tls: TLSServerContext,
        at now: MonotonicInstant
    ) throws(QUICError) -> Connection {
        let connection = Connection(
            role: .server,
            handle: handle,
            sourceConnectionIDs: [source, initial.destination],
            environment: environment,
            now: now
        )
        try connection.openOrRelease { () throws(QUICError) in
            connection.beginQlog(named: retriedFrom ?? initial.destination)
            connection.native = try NativeConnection(
                accepting: initial,
                retriedFrom: retriedFrom,
                isAddressProven: isAddressProven,
                source: source,
                path: path,
                owner: connection,
                at: now
            )
            try connection.attach(tls.makeSession(version: initial.version))
        }
        return connection
    }

    /// A client's connection to `path.remote`; its first packet comes from ``transmit(into:at:)``.
    ///
    /// - Parameters:
    ///   - source: Our first connection ID; it already leads to `handle`.
    ///   - destination: A random connection ID of at least 8 bytes. RFC 9000 §7.2.
    ///   - offersEarlyData: Whether streams may be opened and sent on at once, where an earlier connection to the server brought a ticket
    ///     that allows it: ``earlyData``. What is sent so may reach the server more than once, and has to bear that.
    /// - Throws: When there is no memory for it. Nothing is left behind.
    public static func connect(
        source: ConnectionID,
        destination: ConnectionID,
        path: NetworkPath,
        handle: ConnectionHandle,
        environment: ConnectionEnvironment,
        tls: TLSClientContext,
        version: QUICVersion = .v1,
        offersEarlyData: Bool = false,
        at now: MonotonicInstant
    ) throws(QUICError) -> Connection {
        let connection = Connection(
            role: .client,
            handle: handle,
            sourceConnectionIDs: [source],
            environment: environment,
            now: now
        )
        try connection.openOrRelease { () throws(QUICError) in
            connection.beginQlog(named: destination)
            connection.native = try NativeConnection(
                connectingFrom: source,
                to: destination,
                path: path,
                version: version,
                owner: connection,
                at: now
            )
            let ticket = offersEarlyData ? tls.tickets?.early(for: version) : nil
            let isOffered = ticket.map { connection.offerEarlyData(with: $0) } ?? false
            try connection.attach(tls.makeSession(offersEarlyData: isOffered))
        }
        return connection
    }

    /// Charges what `open` makes GnuTLS hold, and leaves nothing behind when it throws.
    private func openOrRelease(_ open: () throws(QUICError) -> Void) throws(QUICError) {
        do throws(QUICError) {
            TLSMemory.prepareThread()
            let tlsBefore = TLSMemory.tallyNow()
            defer { chargeTLS(since: tlsBefore) }
            try open()
        } catch {
            release()
            throw error
        }
    }

    /// RFC 9000 §14: the smallest allowed maximum datagram size.
    static let smallestMaximumDatagramBytes = 1_200

    private func attach(_ session: consuming TLSSession) {
        native?.attach(session)
        tls = consume session
    }
}

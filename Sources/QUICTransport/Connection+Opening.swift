internal import CNgtcp2
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
            try connection.openServer(
                initial,
                retriedFrom: retriedFrom,
                isAddressProven: isAddressProven,
                source: source,
                path: path,
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
    /// - Throws: When there is no memory for it. Nothing is left behind.
    public static func connect(
        source: ConnectionID,
        destination: ConnectionID,
        path: NetworkPath,
        handle: ConnectionHandle,
        environment: ConnectionEnvironment,
        tls: TLSClientContext,
        version: QUICVersion = .v1,
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
            try connection.openClient(
                source: source,
                destination: destination,
                path: path,
                version: version,
                at: now
            )
            try connection.attach(tls.makeSession())
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

    private func openServer(
        _ initial: InitialPacket,
        retriedFrom: ConnectionID?,
        isAddressProven: Bool,
        source: ConnectionID,
        path: NetworkPath,
        at now: MonotonicInstant
    ) throws(QUICError) {
        var parameters = unsafe makeParameters()
        unsafe parameters.original_dcid = (retriedFrom ?? initial.destination).native
        unsafe parameters.original_dcid_present = 1
        unsafe parameters.disable_active_migration = configuration.allowsMigration ? 0 : 1
        if retriedFrom != nil {
            unsafe parameters.retry_scid = initial.destination.native
            unsafe parameters.retry_scid_present = 1
        }
        if let token = StatelessResetToken(for: source, secret: environment.resetSecret) {
            unsafe parameters.stateless_reset_token_present = 1
            unsafe withUnsafeMutablePointer(to: &parameters.stateless_reset_token) {
                unsafe token.copy(to: UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt8.self))
            }
        }
        var callbacks = Self.makeCallbacks()
        unsafe callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb
        // Any token at all lifts ngtcp2's amplification limit, so it is to see none but those that prove something.
        let versions = Versions(available: QUICVersion.supported, preferred: configuration.preferredVersions)
        let status = unsafe (isAddressProven ? initial.token : []).withUnsafeBufferPointer { token in
            unsafe create(path: path, versions: versions, at: now) { pointer, settings, path, memory, userData in
                unsafe settings.token = token.baseAddress
                unsafe settings.tokenlen = token.count
                unsafe settings.token_type =
                    retriedFrom == nil ? NGTCP2_TOKEN_TYPE_NEW_TOKEN : NGTCP2_TOKEN_TYPE_RETRY
                return unsafe initial.source.withNative { peer in
                    unsafe source.withNative { source in
                        unsafe ngtcp2_conn_server_new_versioned(
                            &pointer,
                            peer,
                            source,
                            path,
                            initial.version,
                            NGTCP2_CALLBACKS_VERSION,
                            &callbacks,
                            NGTCP2_SETTINGS_VERSION,
                            &settings,
                            NGTCP2_TRANSPORT_PARAMS_VERSION,
                            &parameters,
                            memory,
                            userData
                        )
                    }
                }
            }
        }
        guard status == 0 else { throw QUICError(transport: status, during: "accepting a connection") }
    }

    private func openClient(
        source: ConnectionID,
        destination: ConnectionID,
        path: NetworkPath,
        version: QUICVersion,
        at now: MonotonicInstant
    ) throws(QUICError) {
        var parameters = unsafe makeParameters()
        var callbacks = Self.makeCallbacks()
        unsafe callbacks.client_initial = ngtcp2_crypto_client_initial_cb
        unsafe callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb
        let versions = Versions(available: [version] + configuration.offeredVersions, preferred: [])
        let status = unsafe create(path: path, versions: versions, at: now) {
            pointer,
            settings,
            path,
            memory,
            userData in
            unsafe destination.withNative { destination in
                unsafe source.withNative { source in
                    unsafe ngtcp2_conn_client_new_versioned(
                        &pointer,
                        destination,
                        source,
                        path,
                        version.rawValue,
                        NGTCP2_CALLBACKS_VERSION,
                        &callbacks,
                        NGTCP2_SETTINGS_VERSION,
                        &settings,
                        NGTCP2_TRANSPORT_PARAMS_VERSION,
                        &parameters,
                        memory,
                        userData
                    )
                }
            }
        }
        guard status == 0 else { throw QUICError(transport: status, during: "opening a connection") }
    }

    /// The versions of QUIC that a connection may change to. RFC 9368.
    private struct Versions {
        /// Those that the peer is told of.
        let available: [UInt32]
        /// Those that a server moves its client to, the best first.
        let preferred: [UInt32]

        /// ngtcp2 aborts when it is given a version that it does not speak.
        init(available: [QUICVersion], preferred: [QUICVersion]) {
            self.available = available.filter(QUICVersion.supported.contains).map(\.rawValue)
            self.preferred = preferred.filter(QUICVersion.supported.contains).map(\.rawValue)
        }

        func install(in settings: inout ngtcp2_settings, _ body: (inout ngtcp2_settings) -> Int32) -> Int32 {
            unsafe available.withUnsafeBufferPointer { available in
                unsafe preferred.withUnsafeBufferPointer { preferred in
                    unsafe settings.available_versions = available.baseAddress
                    unsafe settings.available_versionslen = available.count
                    unsafe settings.preferred_versions = preferred.baseAddress
                    unsafe settings.preferred_versionslen = preferred.count
                    return unsafe body(&settings)
                }
            }
        }
    }

    /// Calls `body` with what both constructors need, and keeps what it makes.
    private func create(
        path: NetworkPath,
        versions: Versions,
        at now: MonotonicInstant,
        _ body: (
            inout OpaquePointer?, inout ngtcp2_settings, UnsafePointer<ngtcp2_path>, UnsafePointer<ngtcp2_mem>,
            UnsafeMutableRawPointer
        ) -> Int32
    ) -> Int32 {
        let userData = unsafe Unmanaged.passUnretained(self).toOpaque()
        let memory = unsafe makeNativeContext()
        var pointer: OpaquePointer?
        var nativePath = unsafe NativePath(path)
        var settings = unsafe makeSettings(for: path, at: now)
        // ngtcp2 copies them.
        let status = unsafe Self.probeBytes.withUnsafeBufferPointer { probes in
            unsafe settings.pmtud_probes = probes.baseAddress
            unsafe settings.pmtud_probeslen = probes.count
            return unsafe versions.install(in: &settings) { settings in
                unsafe nativePath.withPath { path in unsafe body(&pointer, &settings, path, memory, userData) }
            }
        }
        if let pointer = unsafe pointer, status == 0 { native = unsafe NativeConnection(pointer) }
        return status
    }

    /// RFC 9000 §14: the smallest allowed maximum datagram size.
    static let smallestMaximumDatagramBytes = 1_200
    /// The largest datagram that an Ethernet path carries over IPv4, and over IPv6.
    private static let ethernetDatagramBytes = (ipv4: 1_472, ipv6: 1_452)
    /// The datagrams to probe the path with: an Ethernet path over IPv6, two sizes of tunnels, an Ethernet path over IPv4.
    private static let probeBytes: [UInt16] = [1_452, 1_392, 1_332, 1_472]

    private func makeSettings(for path: NetworkPath, at now: MonotonicInstant) -> ngtcp2_settings {
        var settings = unsafe ngtcp2_settings()
        unsafe ngtcp2_settings_default_versioned(NGTCP2_SETTINGS_VERSION, &settings)
        unsafe settings.initial_ts = now.native
        unsafe settings.handshake_timeout = configuration.handshakeTimeout.native
        unsafe settings.cc_algo = configuration.congestionControl.native
        // ngtcp2's own auto-tuning asks no budget: ReceiveWindow does.
        unsafe settings.max_window = 0
        unsafe settings.max_stream_window = 0
        // ngtcp2 1.11 aborts when a client returns to the path it came from while `no_pmtud` is set. A limit that leaves
        // nothing to probe for is discovery that ends before it begins.
        let largest = path.remote.family == .ipv4 ? Self.ethernetDatagramBytes.ipv4 : Self.ethernetDatagramBytes.ipv6
        unsafe settings.max_tx_udp_payload_size =
            configuration.discoversPathMTU ? largest : Self.smallestMaximumDatagramBytes
        return unsafe settings
    }

    /// RFC 9000 §18.2: the value MUST be at least 2.
    private static let activeConnectionIDLimit: UInt64 = 2

    private func makeParameters() -> ngtcp2_transport_params {
        var parameters = unsafe ngtcp2_transport_params()
        unsafe ngtcp2_transport_params_default_versioned(NGTCP2_TRANSPORT_PARAMS_VERSION, &parameters)
        unsafe parameters.initial_max_stream_data_bidi_local = UInt64(configuration.streamWindow.initialBytes)
        unsafe parameters.initial_max_stream_data_bidi_remote = UInt64(configuration.streamWindow.initialBytes)
        unsafe parameters.initial_max_stream_data_uni = UInt64(configuration.streamWindow.initialBytes)
        unsafe parameters.initial_max_data = UInt64(configuration.connectionWindow.initialBytes)
        unsafe parameters.initial_max_streams_bidi = UInt64(configuration.peerBidirectionalStreams)
        unsafe parameters.initial_max_streams_uni = UInt64(configuration.peerUnidirectionalStreams)
        unsafe parameters.max_idle_timeout = configuration.idleTimeout.native
        // With more, ngtcp2 could run out of room for IDs of paths that are probed, and abort (ngtcp2_conn.c:9152).
        unsafe parameters.active_connection_id_limit = Self.activeConnectionIDLimit
        unsafe parameters.max_udp_payload_size = UInt64(TransportConfiguration.receivedDatagramBytesLimit)
        // RFC 9221 §3: the default for this parameter is 0, which indicates that the endpoint does not support DATAGRAM frames.
        unsafe parameters.max_datagram_frame_size = UInt64(configuration.datagramFrameBytesLimit)
        return unsafe parameters
    }

    /// Ties TLS and transport together; each finds the other through the native context.
    private func attach(_ session: consuming TLSSession) {
        guard let connection = unsafe native?.pointer else { return }
        unsafe session.attach(to: connection, reference: nativeReference)
        tls = consume session
    }
}

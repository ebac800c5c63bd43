internal import CNgtcp2
import Datagrams

extension NativeConnection {
    /// A server's, for a client's first packet. ``Connection/accept(_:retriedFrom:isAddressProven:source:path:handle:environment:tls:at:)``
    ///
    /// - Parameter owner: The connection that callbacks find; it has to keep this one.
    init(
        accepting initial: InitialPacket,
        retriedFrom: ConnectionID?,
        isAddressProven: Bool,
        source: ConnectionID,
        path: NetworkPath,
        owner: Connection,
        at now: MonotonicInstant
    ) throws(QUICError) {
        let configuration = owner.configuration
        var parameters = unsafe Self.makeParameters(configuration)
        unsafe parameters.original_dcid = (retriedFrom ?? initial.destination).native
        unsafe parameters.original_dcid_present = 1
        unsafe parameters.disable_active_migration = configuration.allowsMigration ? 0 : 1
        if retriedFrom != nil {
            unsafe parameters.retry_scid = initial.destination.native
            unsafe parameters.retry_scid_present = 1
        }
        if let token = StatelessResetToken(for: source, secret: owner.environment.resetSecret) {
            unsafe parameters.stateless_reset_token_present = 1
            unsafe withUnsafeMutablePointer(to: &parameters.stateless_reset_token) {
                unsafe token.copy(to: UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt8.self))
            }
        }
        var callbacks = Self.makeCallbacks()
        unsafe callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb
        let versions = Versions(available: QUICVersion.supported, preferred: configuration.preferredVersions)
        // Any token at all lifts ngtcp2's amplification limit, so it is to see none but those that prove something.
        let token = isAddressProven ? initial.token : []
        try unsafe self.init(owner: owner, path: path, versions: versions, at: now, during: "accepting a connection") {
            pointer,
            settings,
            path,
            memory,
            userData in
            unsafe token.withUnsafeBufferPointer { token in
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
    }

    /// A client's. ``Connection/connect(source:destination:path:handle:environment:tls:version:at:)``
    ///
    /// - Parameter owner: The connection that callbacks find; it has to keep this one.
    init(
        connectingFrom source: ConnectionID,
        to destination: ConnectionID,
        path: NetworkPath,
        version: QUICVersion,
        owner: Connection,
        at now: MonotonicInstant
    ) throws(QUICError) {
        var parameters = unsafe Self.makeParameters(owner.configuration)
        var callbacks = Self.makeCallbacks()
        unsafe callbacks.client_initial = ngtcp2_crypto_client_initial_cb
        unsafe callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb
        let versions = Versions(available: [version] + owner.configuration.offeredVersions, preferred: [])
        try unsafe self.init(owner: owner, path: path, versions: versions, at: now, during: "opening a connection") {
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
    }

    /// Calls `construct` with what both constructors need, and owns what it makes.
    private init(
        owner: Connection,
        path: NetworkPath,
        versions: Versions,
        at now: MonotonicInstant,
        during action: String,
        _ construct: (
            inout OpaquePointer?, inout ngtcp2_settings, UnsafePointer<ngtcp2_path>, UnsafePointer<ngtcp2_mem>,
            UnsafeMutableRawPointer
        ) -> Int32
    ) throws(QUICError) {
        let userData = unsafe Unmanaged.passUnretained(owner).toOpaque()
        let context = NativeContext(of: owner)
        let memory = unsafe context.memory
        var pointer: OpaquePointer?
        var nativePath = unsafe NativePath(path)
        var settings = unsafe Self.makeSettings(owner.configuration, for: path, at: now)
        if owner.role == .server { unsafe settings.ack_thresh = Self.acknowledgedPackets }
        // Without a function to call ngtcp2 makes no records.
        if owner.isLogged { unsafe settings.qlog_write = Self.writeQlog }
        // ngtcp2 copies them.
        let status = unsafe Self.probeBytes.withUnsafeBufferPointer { probes in
            unsafe settings.pmtud_probes = probes.baseAddress
            unsafe settings.pmtud_probeslen = probes.count
            return unsafe versions.install(in: &settings) { settings in
                unsafe nativePath.withPath { path in unsafe construct(&pointer, &settings, path, memory, userData) }
            }
        }
        guard let pointer = unsafe pointer, status == 0 else { throw QUICError(transport: status, during: action) }
        unsafe self.init(pointer, context: context)
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

    /// The largest datagram that an Ethernet path carries over IPv4, and over IPv6.
    private static let ethernetDatagramBytes = (ipv4: 1_472, ipv6: 1_452)
    /// The datagrams to probe the path with: an Ethernet path over IPv6, two sizes of tunnels, an Ethernet path over IPv4.
    private static let probeBytes: [UInt16] = [1_452, 1_392, 1_332, 1_472]

    /// The packets after which a server acknowledges at once.
    ///
    /// RFC 9000 §13.2.2: "A receiver SHOULD send an ACK frame after receiving at least two ack-eliciting packets." With two, ngtcp2
    /// sends the answer to a single packet without its acknowledgement, which follows in a packet of its own when its delay is over.
    /// With one it is in the answer, and one acknowledgement covers all packets of a batch, since nothing is sent before its end.
    ///
    /// A client, which has nothing to answer, keeps to two.
    private static let acknowledgedPackets = 1

    private static func makeSettings(
        _ configuration: TransportConfiguration,
        for path: NetworkPath,
        at now: MonotonicInstant
    ) -> ngtcp2_settings {
        var settings = unsafe ngtcp2_settings()
        unsafe ngtcp2_settings_default_versioned(NGTCP2_SETTINGS_VERSION, &settings)
        unsafe settings.initial_ts = now.native
        unsafe settings.handshake_timeout = configuration.handshakeTimeout.nativeNanoseconds
        unsafe settings.cc_algo = configuration.congestionControl.native
        // ngtcp2's own auto-tuning asks no budget: ReceiveWindow does.
        unsafe settings.max_window = 0
        unsafe settings.max_stream_window = 0
        // ngtcp2 1.11 aborts when a client returns to the path it came from while `no_pmtud` is set. A limit that leaves
        // nothing to probe for is discovery that ends before it begins.
        let largest = path.remote.family == .ipv4 ? ethernetDatagramBytes.ipv4 : ethernetDatagramBytes.ipv6
        unsafe settings.max_tx_udp_payload_size =
            configuration.discoversPathMTU ? largest : PathMTUDiscovery.smallestMaximumDatagramBytes
        return unsafe settings
    }

    /// RFC 9000 §18.2: the value MUST be at least 2.
    private static let activeConnectionIDLimit: UInt64 = 2

    private static func makeParameters(_ configuration: TransportConfiguration) -> ngtcp2_transport_params {
        var parameters = unsafe ngtcp2_transport_params()
        unsafe ngtcp2_transport_params_default_versioned(NGTCP2_TRANSPORT_PARAMS_VERSION, &parameters)
        unsafe parameters.initial_max_stream_data_bidi_local = UInt64(configuration.streamWindow.initialBytes)
        unsafe parameters.initial_max_stream_data_bidi_remote = UInt64(configuration.streamWindow.initialBytes)
        unsafe parameters.initial_max_stream_data_uni = UInt64(configuration.streamWindow.initialBytes)
        unsafe parameters.initial_max_data = UInt64(configuration.connectionWindow.initialBytes)
        unsafe parameters.initial_max_streams_bidi = UInt64(configuration.peerBidirectionalStreams)
        unsafe parameters.initial_max_streams_uni = UInt64(configuration.peerUnidirectionalStreams)
        unsafe parameters.max_idle_timeout = configuration.idleTimeout.nativeNanoseconds
        // With more, ngtcp2 could run out of room for IDs of paths that are probed, and abort (ngtcp2_conn.c:9152).
        unsafe parameters.active_connection_id_limit = Self.activeConnectionIDLimit
        unsafe parameters.max_udp_payload_size = UInt64(TransportConfiguration.receivedDatagramBytesLimit)
        // RFC 9221 §3: the default for this parameter is 0, which indicates that the endpoint does not support DATAGRAM frames.
        unsafe parameters.max_datagram_frame_size = UInt64(configuration.datagramFrameBytesLimit)
        return unsafe parameters
    }
}

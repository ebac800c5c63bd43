internal import CNgtcp2
import QUICPackets

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The server's decision whether a ClientHello's early data is accepted: by the service, the ticket and the store of replays.
///
/// A ticket of a server that accepts early data is bound to the application protocol and to the transport parameters that its
/// connection had: its key is derived from them. RFC 8446 §4.2.10: the server MUST verify that the selected ALPN protocol is the ticket's,
/// which GnuTLS does not. RFC 9000 §7.4.1: "a server that accepts 0-RTT data MUST NOT set values for [its] parameters that are smaller
/// than the remembered values"; one with other values makes nothing of the ticket.
///
/// Owns: GnuTLS's context of 48 bytes, and the store. Released by: `deinit`.
@safe
package final class EarlyDataGate: @unchecked Sendable {
    package let store: ReplayStore
    private let native: gnutls_anti_replay_t
    private let ticketLifetimeSeconds: Int32

    /// The longest window there is, in milliseconds. GnuTLS moves its beginning on when it is over, without a lock, and refuses all
    /// tickets from before; this one is not over in the life of a process. The store forgets by itself.
    private static let windowMilliseconds = UInt32.max
    /// RFC 9001 §4.6.1: the max_early_data_size of a ticket MUST be 0xffffffff.
    private static let earlyDataBytes = 0xffff_ffff

    init(_ configuration: EarlyDataConfiguration) throws(QUICError) {
        if let flaw = configuration.flaw { throw QUICError(flaw) }
        let lifetime = configuration.ticketLifetime.components.seconds
        ticketLifetimeSeconds = Int32(clamping: lifetime)
        store = ReplayStore(
            bytesLimit: configuration.replayStoreBytesLimit,
            lifetimeSeconds: UInt64(clamping: lifetime)
        )
        var context: gnutls_anti_replay_t?
        let status = unsafe gnutls_anti_replay_init(&context)
        guard let context = unsafe context else {
            throw QUICError(tls: status, during: "allocating an anti-replay context")
        }
        unsafe native = context
        unsafe gnutls_anti_replay_set_window(native, Self.windowMilliseconds)
        unsafe gnutls_anti_replay_set_ptr(native, Unmanaged.passUnretained(store).toOpaque())
        unsafe gnutls_anti_replay_set_add_function(native, admitClientHello)
    }

    deinit {
        unsafe gnutls_anti_replay_deinit(native)
    }

    /// Prepares a session that was made with the flags for early data. It refuses all until ``open(for:)``.
    func configure(_ session: borrowing TLSSession) throws(QUICError) {
        unsafe gnutls_db_set_cache_expiration(session.native, ticketLifetimeSeconds)
        try QUICError.checkTLS(
            unsafe gnutls_record_set_max_early_data_size(session.native, Self.earlyDataBytes),
            "allowing early data"
        )
    }

    /// Lets `session` accept the early data of its ClientHello, unless that is a replay.
    fileprivate func open(for session: gnutls_session_t) {
        unsafe gnutls_anti_replay_enable(session, native)
    }

    /// The moment that GnuTLS tells of with an entry that is to be kept for a window.
    fileprivate static func time(ofExpiry expiry: Int) -> UInt64 {
        UInt64(max(0, expiry - Int(windowMilliseconds / 1_000)))
    }
}

/// Called by GnuTLS with a ClientHello whose ticket and binder are good; not 0 refuses its early data.
private let admitClientHello: gnutls_db_add_func = { pointer, expiry, key, _ in
    guard let pointer = unsafe pointer, let key = unsafe key, unsafe key.pointee.size > windowPrefixBytes else {
        return -1
    }
    let store = unsafe Unmanaged<ReplayStore>.fromOpaque(pointer).takeUnretainedValue()
    let bytes = unsafe UnsafeBufferPointer(start: key.pointee.data, count: Int(key.pointee.size))
    let binder = unsafe Array(bytes.dropFirst(windowPrefixBytes))
    return store.admit(binder, at: EarlyDataGate.time(ofExpiry: expiry)) == nil ? 0 : GNUTLS_E_DB_ENTRY_EXISTS
}

/// GnuTLS puts the beginning of its window before the binder.
private let windowPrefixBytes = 12

// MARK: - ClientHellos

/// The parts of a ClientHello on which early data depends.
private struct EarlyOffer {
    /// RFC 8446 §4.2: early_data. RFC 7301 §3.1: application_layer_protocol_negotiation.
    static let (earlyDataExtension, protocolsExtension) = (UInt32(42), UInt32(16))

    var hasEarlyData = false
    var protocols: [String] = []

    mutating func note(_ number: UInt32, _ bytes: RawSpan) {
        if number == Self.earlyDataExtension { hasEarlyData = true }
        if number == Self.protocolsExtension { protocols = Self.names(in: bytes) }
    }

    /// RFC 7301 §3.1: a length of two bytes, and names with a length of one byte each. GnuTLS refuses what is not so.
    private static func names(in bytes: RawSpan) -> [String] {
        var names: [String] = []
        var offset = 2
        while offset < bytes.byteCount {
            let count = Int(bytes.byte(at: offset))
            guard offset + 1 + count <= bytes.byteCount else { break }
            let name = unsafe bytes.extracting(offset + 1..<offset + 1 + count).withUnsafeBytes {
                unsafe String(decoding: $0, as: UTF8.self)
            }
            names.append(name)
            offset += 1 + count
        }
        return names
    }
}

/// Called by GnuTLS before and after it reads a ClientHello, of a server that accepts early data.
let examineClientHello:
    @convention(c) (OpaquePointer?, UInt32, UInt32, UInt32, UnsafePointer<gnutls_datum_t>?) -> Int32 = {
        session,
        kind,
        moment,
        isIncoming,
        message in
        guard let known = unsafe session, let message = unsafe message else { return GNUTLS_E_INTERNAL_ERROR }
        guard moment == UInt32(GNUTLS_HOOK_PRE) else {
            let status = unsafe checkClientHello(known, kind, moment, isIncoming, message)
            if status == 0 { unsafe TLSSession.noteEarlyData(of: known) }
            return status
        }
        var offer = EarlyOffer()
        unsafe withUnsafeMutablePointer(to: &offer) {
            unsafe _ = gnutls_ext_raw_parse($0, noteExtension, message, UInt32(GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO))
        }
        unsafe (TLSSession.context(of: known) as? TLSServerContext)?.prepare(
            known,
            offersEarlyData: offer.hasEarlyData,
            protocols: offer.protocols
        )
        return 0
    }

private let noteExtension: @convention(c) (UnsafeMutableRawPointer?, UInt32, UnsafePointer<UInt8>?, UInt32) -> Int32 = {
    offer,
    number,
    bytes,
    count in
    guard let offer = unsafe offer else { return 0 }
    let contents = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
    unsafe offer.assumingMemoryBound(to: EarlyOffer.self).pointee.note(number, contents.bytes)
    return 0
}

extension TLSServerContext {
    /// The memory of accepted early data, over all workers.
    public var replayStore: ReplayStoreStatistics {
        earlyData?.store.statistics(at: UInt64(clamping: time(nil))) ?? ReplayStoreStatistics()
    }

    /// Gives `session` the key of tickets for the protocol that it will select, and lets it accept early data where the service does.
    fileprivate func prepare(_ session: gnutls_session_t, offersEarlyData: Bool, protocols offered: [String]) {
        guard let earlyData, let name = protocols.names.first(where: offered.contains) else { return }
        guard unsafe installTicketKey(on: session, boundTo: name) else { return }
        guard offersEarlyData, unsafe TLSSession.host(of: session)?.takesEarlyData(for: name) ?? false else { return }
        unsafe earlyData.open(for: session)
    }
}

// MARK: - The connection of a session

/// A server's connection, as far as the early data of its TLS session depends on it.
package protocol EarlyDataHost: AnyObject {
    /// A client offers early data; whether it is welcome to a connection by the application protocol `name`.
    func takesEarlyData(for name: String) -> Bool
    /// GnuTLS has read a ClientHello, and decided about its early data, if it has offered some.
    func noteEarlyData(isAccepted: Bool)
}

extension TLSSession {
    /// The connection of a server's session; nil before they are tied together.
    fileprivate static func host(of native: gnutls_session_t) -> (any EarlyDataHost)? {
        unsafe owner(of: native) as? any EarlyDataHost
    }

    fileprivate static func noteEarlyData(of native: gnutls_session_t) {
        unsafe host(of: native)?.noteEarlyData(isAccepted: acceptsEarlyData(native))
    }

    /// The first version of a session's connection.
    static func firstVersion(of native: gnutls_session_t) -> QUICVersion? {
        unsafe connection(of: native).map { QUICVersion(rawValue: unsafe ngtcp2_conn_get_client_chosen_version($0)) }
    }

    /// The transport parameters on which a ticket depends, in a form to be compared: at a server its own, at a client the server's.
    /// RFC 9000 §7.4.1.
    static func rememberedParameters(of native: gnutls_session_t) -> [UInt8]? {
        guard let connection = unsafe connection(of: native) else { return nil }
        return unsafe [UInt8](unsafeUninitializedCapacity: rememberedParametersBytesLimit) { space, count in
            count = unsafe max(0, ngtcp2_conn_encode_0rtt_transport_params(connection, space.baseAddress, space.count))
        }
    }

    /// More than ngtcp2 makes of the parameters that a client remembers.
    private static let rememberedParametersBytesLimit = 256
}

package import BoundedMemory
internal import CNgtcp2
import QUICPackets

/// The 1-RTT keys of a connection, in boxes that the first packet opens that needs them. RFC 9001 §5.
///
/// They are derived here and not by ngtcp2's helper, which makes GnuTLS's ciphers of them at once: 3.0 KB for each connection.
///
/// Owns: one block of 168 bytes, or of 280 where keys have 32, charged as ``BoundedMemory/MemoryClass/tls``; and the ciphers of open
/// boxes, 3.0 KB in use, which the tally of ``TLSMemory`` counts. Released by: ``release(from:)``, after the `ngtcp2_conn`.
/// Bound: seven boxes.
@safe
package struct ProtectionKeys: ~Copyable {
    /// Header protection has a key for each direction, and no update changes them. RFC 9001 §6.1.
    private static let headerBoxes = 0..<2
    /// The payloads of packets have one for each direction, for the next key phase one more, and for packets that come late the one
    /// before.
    private static let payloadBoxes = 2..<7
    /// RFC 9001 §5.3: the nonce of all AEADs has 12 bytes.
    private static let ivBytes = 12

    private var block: UnsafeMutableRawPointer?
    private var keyBytes: UInt8 = 0

    /// Without keys.
    package init() {}

    deinit {
        precondition(unsafe block == nil, "keys must be released by their connection")
    }

    /// Gives the block back.
    ///
    /// - Precondition: ngtcp2 has deleted the keys, which wipes them.
    package mutating func release(from account: MemoryAccount) {
        precondition(everyBox { $0.isEmpty }, "a key was not deleted")
        unsafe account.free(block, from: .tls)
        unsafe block = nil
    }

    private func box(_ index: Int) -> KeyBox? {
        guard let block = unsafe block else { return nil }
        return unsafe KeyBox(at: block + index * KeyBox.byteCount(keyBytes: Int(keyBytes)))
    }

    private func everyBox(_ holds: (KeyBox) -> Bool) -> Bool {
        (Self.headerBoxes.lowerBound..<Self.payloadBoxes.upperBound).allSatisfy { box($0).map(holds) ?? true }
    }

    /// An empty box for a key, which it waits for; nil where there is none.
    private func take(_ purpose: KeyBox.Purpose) -> KeyBox? {
        let indices = purpose == .header ? Self.headerBoxes : Self.payloadBoxes
        for index in indices {
            guard let box = box(index), box.isEmpty else { continue }
            box.take(keyBytes: Int(keyBytes))
            return box
        }
        return nil
    }

    /// Makes room for keys of `count` bytes; false where the memory is refused.
    private mutating func makeRoom(forKeysOf count: Int, _ account: MemoryAccount) -> Bool {
        guard unsafe block == nil else { return count == keyBytes }
        guard KeyBox.isLength(count) else { return false }
        let boxBytes = KeyBox.byteCount(keyBytes: count)
        unsafe block = account.allocateZeroed(Self.payloadBoxes.upperBound, boxBytes, for: .tls)
        keyBytes = UInt8(count)
        return unsafe block != nil
    }
}

// MARK: - Ciphers

extension ProtectionKeys {
    /// Whether GnuTLS has made ciphers of keys.
    package var hasCiphers: Bool { !everyBox { !$0.isOpen } }

    /// Gives the ciphers back. The next packets make others.
    package func closeCiphers() {
        for index in Self.headerBoxes { box(index)?.close(.header) }
        for index in Self.payloadBoxes { box(index)?.close(.payload) }
    }
}

// MARK: - Derivation

extension ProtectionKeys {
    private enum Direction {
        case receiving
        case sending
    }

    /// Derives the first keys of a direction from its secret, if there is one, and gives them to ngtcp2.
    ///
    /// - Returns: 0, or an error of ngtcp2's.
    private mutating func install(
        _ secret: UnsafeRawPointer?,
        _ count: Int,
        for direction: Direction,
        on connection: OpaquePointer,
        _ account: MemoryAccount
    ) -> Int32 {
        guard let secret = unsafe secret?.assumingMemoryBound(to: UInt8.self) else { return 0 }
        let bytes = unsafe UnsafeBufferPointer(start: secret, count: count)
        // It is there since the handshake's keys are.
        guard var crypto = unsafe ngtcp2_conn_get_crypto_ctx(connection)?.pointee,
            unsafe crypto.aead.native_handle != nil
        else { return NGTCP2_ERR_INTERNAL }
        guard unsafe makeRoom(forKeysOf: ngtcp2_crypto_aead_keylen(&crypto.aead), account) else {
            return NGTCP2_ERR_NOMEM
        }
        guard let header = take(.header) else { return NGTCP2_ERR_INTERNAL }
        guard let payload = take(.payload) else {
            header.clear(.header)
            return NGTCP2_ERR_INTERNAL
        }
        let schedule = unsafe KeySchedule(of: connection, hash: crypto.md)
        let status = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.ivBytes) { iv in
            defer { unsafe gnutls_memset(iv.baseAddress, 0, iv.count) }
            guard unsafe schedule.expand(bytes, .key, into: payload.key),
                unsafe schedule.expand(bytes, .iv, into: iv),
                unsafe schedule.expand(bytes, .headerProtection, into: header.key)
            else { return NGTCP2_ERR_INTERNAL }
            var payloadContext = unsafe ngtcp2_crypto_aead_ctx(native_handle: payload.handle)
            var headerContext = unsafe ngtcp2_crypto_cipher_ctx(native_handle: header.handle)
            let install = unsafe direction == .receiving ? ngtcp2_conn_install_rx_key : ngtcp2_conn_install_tx_key
            return unsafe install(
                connection,
                secret,
                count,
                &payloadContext,
                iv.baseAddress,
                iv.count,
                &headerContext
            )
        }
        guard status == 0 else {
            header.clear(.header)
            payload.clear(.payload)
            return status
        }
        return 0
    }

    /// Derives the keys of a direction for the next key phase. RFC 9001 §6.1.
    ///
    /// - Parameters:
    ///   - secret: Gets the next secret.
    ///   - iv: Gets the next initialization vector, of 12 bytes.
    /// - Returns: The box of the key; nil where there is none, or GnuTLS refuses.
    private func update(
        _ schedule: KeySchedule,
        from current: UnsafeBufferPointer<UInt8>,
        to secret: UnsafeMutablePointer<UInt8>?,
        iv: UnsafeMutablePointer<UInt8>?
    ) -> KeyBox? {
        guard let box = take(.payload) else { return nil }
        let next = unsafe UnsafeMutableBufferPointer(start: secret, count: current.count)
        let iv = unsafe UnsafeMutableBufferPointer(start: iv, count: Self.ivBytes)
        guard unsafe schedule.expand(current, .update, into: next),
            unsafe schedule.expand(UnsafeBufferPointer(next), .key, into: box.key),
            unsafe schedule.expand(UnsafeBufferPointer(next), .iv, into: iv)
        else {
            box.clear(.payload)
            return nil
        }
        return box
    }
}

extension KeySchedule {
    /// That of a connection, whose version is agreed on.
    fileprivate init(of connection: OpaquePointer, hash: ngtcp2_crypto_md) {
        let version = unsafe ngtcp2_conn_get_negotiated_version(connection)
        unsafe self.init(version: QUICVersion(rawValue: version), hash: hash)
    }
}

// MARK: - Callbacks

/// A connection, as far as TLS and transport give it keys.
package protocol KeyHost: AnyObject {
    /// Calls `body` with the connection's keys, and the account that is charged for them.
    func withKeys(_ body: (inout ProtectionKeys, MemoryAccount) -> Int32) -> Int32
}

extension ProtectionKeys {
    /// Derives the keys of the next phase, and leaves them closed: most connections never use them.
    static let update: ngtcp2_update_key = {
        connection,
        rxSecret,
        txSecret,
        rxContext,
        rxIV,
        txContext,
        txIV,
        currentRX,
        currentTX,
        secretCount,
        userData in
        guard let connection = unsafe connection, let userData = unsafe userData,
            let rxContext = unsafe rxContext, let txContext = unsafe txContext,
            let crypto = unsafe ngtcp2_conn_get_crypto_ctx(connection),
            let host = unsafe Unmanaged<AnyObject>.fromOpaque(userData).takeUnretainedValue() as? any KeyHost
        else { return NGTCP2_ERR_CALLBACK_FAILURE }
        let schedule = unsafe KeySchedule(of: connection, hash: crypto.pointee.md)
        let currentRX = unsafe UnsafeBufferPointer(start: currentRX, count: secretCount)
        let currentTX = unsafe UnsafeBufferPointer(start: currentTX, count: secretCount)
        return host.withKeys { keys, _ in
            guard let receiving = unsafe keys.update(schedule, from: currentRX, to: rxSecret, iv: rxIV) else {
                return NGTCP2_ERR_CALLBACK_FAILURE
            }
            guard let sending = unsafe keys.update(schedule, from: currentTX, to: txSecret, iv: txIV) else {
                receiving.clear(.payload)
                return NGTCP2_ERR_CALLBACK_FAILURE
            }
            unsafe rxContext.pointee.native_handle = receiving.handle
            unsafe txContext.pointee.native_handle = sending.handle
            return 0
        }
    }

    /// Called by GnuTLS with the secrets of an encryption level, of which one may be missing. RFC 8446 §7.1.
    fileprivate static let takeSecrets: gnutls_handshake_secret_func = { session, level, rxSecret, txSecret, count in
        guard let session = unsafe session, let connection = unsafe TLSSession.connection(of: session) else {
            return GNUTLS_E_INTERNAL_ERROR
        }
        guard level == GNUTLS_ENCRYPTION_LEVEL_APPLICATION else {
            return unsafe installHandshakeKeys(on: connection, level, rxSecret, txSecret, count)
        }
        guard let host = unsafe TLSSession.owner(of: session) as? any KeyHost else { return GNUTLS_E_INTERNAL_ERROR }
        let status = host.withKeys { keys, account in
            let receiving = unsafe keys.install(rxSecret, count, for: .receiving, on: connection, account)
            return unsafe receiving == 0
                ? keys.install(txSecret, count, for: .sending, on: connection, account) : receiving
        }
        guard status != 0 else { return 0 }
        unsafe ngtcp2_conn_set_tls_error(connection, status)
        return GNUTLS_E_INTERNAL_ERROR
    }

    /// Lets ngtcp2's helper make the keys of early data and of the handshake, which are gone soon.
    private static func installHandshakeKeys(
        on connection: OpaquePointer,
        _ level: gnutls_record_encryption_level_t,
        _ rxSecret: UnsafeRawPointer?,
        _ txSecret: UnsafeRawPointer?,
        _ count: Int
    ) -> Int32 {
        let level = ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(level)
        if let secret = unsafe rxSecret?.assumingMemoryBound(to: UInt8.self),
            unsafe ngtcp2_crypto_derive_and_install_rx_key(connection, nil, nil, nil, level, secret, count) != 0
        {
            return GNUTLS_E_INTERNAL_ERROR
        }
        if let secret = unsafe txSecret?.assumingMemoryBound(to: UInt8.self),
            unsafe ngtcp2_crypto_derive_and_install_tx_key(connection, nil, nil, nil, level, secret, count) != 0
        {
            return GNUTLS_E_INTERNAL_ERROR
        }
        return 0
    }
}

extension TLSSession {
    /// Has the session's 1-RTT secrets made into keys in boxes; after ngtcp2's helper has configured the session.
    borrowing func keepKeysInBoxes() {
        unsafe gnutls_handshake_set_secret_function(native, ProtectionKeys.takeSecrets)
    }
}

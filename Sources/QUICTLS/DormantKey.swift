internal import CNgtcp2
internal import CShims

/// The keys of the next generation, as the few bytes they are until somebody uses them.
///
/// RFC 9001 §6: ngtcp2 derives them as soon as those before are in use, and most connections never update their keys. GnuTLS
/// takes 1,376 bytes for a cipher in each direction; a key has 16 or 32. So a cipher is made for the first packet.
///
/// A dormant key stands in an `ngtcp2_crypto_aead_ctx` in place of GnuTLS's handle, and is told from it by its lowest bit, which
/// no address of a block has.
///
/// Owns: a block of 32 bytes, which the tally of ``TLSMemory`` counts. Released by: ``wake(_:_:)``, or
/// ``delete``.
enum DormantKey {
    private static let mark: UInt = 1
    /// The longest key there is, in bytes: that of AES-256 and of ChaCha20.
    private static let keyBytesLimit = 32
    /// The length of a nonce, in bytes. RFC 9001 §5.3.
    private static let nonceBytes = 12

    private static func isDormant(_ handle: UnsafeMutableRawPointer?) -> Bool {
        UInt(bitPattern: handle) & mark != 0
    }

    /// Where the bytes of a dormant key are.
    private static func block(of handle: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<UInt8>? {
        unsafe UnsafeMutablePointer(bitPattern: UInt(bitPattern: handle) & ~mark)
    }

    /// Puts `key` into `context` in place of the cipher that is there.
    private static func lay(
        _ key: UnsafePointer<UInt8>,
        count: Int,
        into context: UnsafeMutablePointer<ngtcp2_crypto_aead_ctx>
    ) {
        guard let block = unsafe qh_tls_malloc(keyBytesLimit) else { return }
        unsafe block.copyMemory(from: key, byteCount: count)
        unsafe ngtcp2_crypto_aead_ctx_free(context)
        unsafe context.pointee.native_handle = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: block) | mark)
    }

    private static func free(_ handle: UnsafeMutableRawPointer?) {
        guard let block = unsafe block(of: handle) else { return }
        unsafe gnutls_memset(block, 0, keyBytesLimit)
        unsafe qh_tls_free(block)
    }
}

// MARK: - Callbacks of ngtcp2

extension DormantKey {
    /// Derives the next keys, and leaves them dormant.
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
        _ in
        guard let rxContext = unsafe rxContext, let txContext = unsafe txContext,
            let crypto = unsafe ngtcp2_conn_get_crypto_ctx(connection)
        else { return NGTCP2_ERR_CALLBACK_FAILURE }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * keyBytesLimit) { keys in
            guard let rxKey = keys.baseAddress else { return NGTCP2_ERR_CALLBACK_FAILURE }
            let txKey = unsafe rxKey + keyBytesLimit
            let status = unsafe ngtcp2_crypto_update_key(
                connection,
                rxSecret,
                txSecret,
                rxContext,
                rxKey,
                rxIV,
                txContext,
                txKey,
                txIV,
                currentRX,
                currentTX,
                secretCount
            )
            guard status == 0 else { return NGTCP2_ERR_CALLBACK_FAILURE }
            let count = unsafe withUnsafePointer(to: crypto.pointee.aead) { unsafe ngtcp2_crypto_aead_keylen($0) }
            precondition((1...keyBytesLimit).contains(count))
            unsafe lay(rxKey, count: count, into: rxContext)
            unsafe lay(txKey, count: count, into: txContext)
            unsafe gnutls_memset(rxKey, 0, 2 * keyBytesLimit)
            return 0
        }
    }

    /// Makes the cipher of a dormant key; false when GnuTLS refuses.
    static func wake(
        _ context: UnsafePointer<ngtcp2_crypto_aead_ctx>?,
        _ aead: UnsafePointer<ngtcp2_crypto_aead>?,
        encrypts: Bool
    ) -> Bool {
        guard let context = unsafe context, unsafe isDormant(context.pointee.native_handle) else { return true }
        var cipher = unsafe ngtcp2_crypto_aead_ctx()
        let key = unsafe block(of: context.pointee.native_handle)
        let status =
            unsafe encrypts
            ? ngtcp2_crypto_aead_ctx_encrypt_init(&cipher, aead, key, nonceBytes)
            : ngtcp2_crypto_aead_ctx_decrypt_init(&cipher, aead, key, nonceBytes)
        guard status == 0 else { return false }
        unsafe free(context.pointee.native_handle)
        // ngtcp2 owns the context and hands it out as constant, since its own cipher never changes it.
        unsafe UnsafeMutablePointer(mutating: context).pointee = cipher
        return true
    }

    /// Frees a cipher, or a key that was never used.
    static let delete: ngtcp2_delete_crypto_aead_ctx = { connection, context, userData in
        guard let context = unsafe context, unsafe isDormant(context.pointee.native_handle) else {
            return unsafe ngtcp2_crypto_delete_crypto_aead_ctx_cb(connection, context, userData)
        }
        unsafe free(context.pointee.native_handle)
        unsafe context.pointee.native_handle = nil
    }
}

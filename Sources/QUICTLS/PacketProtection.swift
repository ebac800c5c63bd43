internal import CNgtcp2
internal import CShims

/// The protection of packets: the ciphers that GnuTLS makes of a connection's keys. RFC 9001 §5.
///
/// ngtcp2 calls these functions itself, so no call to another module comes between it and a packet's cipher.
package enum PacketProtection {
    /// Sets those of the `ngtcp2_callbacks` at `place` that have to do with keys, ciphers and random bytes.
    ///
    /// No type of ngtcp2 is in the interface: tools that read this module from outside of the package do not load ngtcp2 for it.
    @unsafe
    package static func install(in place: UnsafeMutableRawPointer) {
        unsafe install(in: &place.assumingMemoryBound(to: ngtcp2_callbacks.self).pointee)
    }

    private static func install(in callbacks: inout ngtcp2_callbacks) {
        unsafe callbacks.encrypt = encrypt
        unsafe callbacks.decrypt = decrypt
        unsafe callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb
        unsafe callbacks.update_key = DormantKey.update
        unsafe callbacks.delete_crypto_aead_ctx = DormantKey.delete
        unsafe callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb
        unsafe callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb
        unsafe callbacks.rand = { destination, count, _ in
            unsafe gnutls_rnd(GNUTLS_RND_NONCE, destination, count)
        }
    }

    /// Protects a packet.
    private static let encrypt: ngtcp2_encrypt = {
        destination,
        aead,
        context,
        plaintext,
        plaintextCount,
        nonce,
        nonceCount,
        associated,
        associatedCount in
        guard unsafe DormantKey.wake(context, aead, encrypts: true) else { return NGTCP2_ERR_CALLBACK_FAILURE }
        return unsafe ngtcp2_crypto_encrypt_cb(
            destination,
            aead,
            context,
            plaintext,
            plaintextCount,
            nonce,
            nonceCount,
            associated,
            associatedCount
        )
    }

    /// Removes a packet's protection, and counts it when it was the peer who had put it there.
    private static let decrypt: ngtcp2_decrypt = {
        destination,
        aead,
        context,
        ciphertext,
        ciphertextCount,
        nonce,
        nonceCount,
        associated,
        associatedCount in
        guard unsafe DormantKey.wake(context, aead, encrypts: false) else { return NGTCP2_ERR_CALLBACK_FAILURE }
        let status = unsafe ngtcp2_crypto_decrypt_cb(
            destination,
            aead,
            context,
            ciphertext,
            ciphertextCount,
            nonce,
            nonceCount,
            associated,
            associatedCount
        )
        if status == 0 { qh_count_opened_packet() }
        return status
    }
}

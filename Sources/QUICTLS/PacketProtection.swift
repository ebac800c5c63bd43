internal import CNgtcp2
internal import CShims

/// The protection of packets: the ciphers that GnuTLS makes of a connection's keys. RFC 9001 §5.
///
/// ngtcp2 calls these functions itself, so no call to another module comes between it and a packet's cipher. Keys of 1-RTT packets are in a
/// ``KeyBox`` each.
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
        unsafe callbacks.hp_mask = maskHeader
        unsafe callbacks.update_key = ProtectionKeys.update
        unsafe callbacks.delete_crypto_aead_ctx = KeyBox.deletePayloadKey
        unsafe callbacks.delete_crypto_cipher_ctx = KeyBox.deleteHeaderKey
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
        guard let aead = unsafe aead, let context = unsafe context, let cipher = unsafe KeyBox.cipher(in: context, aead)
        else { return NGTCP2_ERR_CALLBACK_FAILURE }
        let tagBytes = unsafe aead.pointee.max_overhead
        var sealedCount = plaintextCount + tagBytes
        let status = unsafe gnutls_aead_cipher_encrypt(
            cipher,
            nonce,
            nonceCount,
            associated,
            associatedCount,
            tagBytes,
            plaintext,
            plaintextCount,
            destination,
            &sealedCount
        )
        return status == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE
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
        guard let aead = unsafe aead, let context = unsafe context, let cipher = unsafe KeyBox.cipher(in: context, aead)
        else { return NGTCP2_ERR_CALLBACK_FAILURE }
        let tagBytes = unsafe aead.pointee.max_overhead
        guard ciphertextCount >= tagBytes else { return NGTCP2_ERR_DECRYPT }
        var plaintextCount = ciphertextCount - tagBytes
        let status = unsafe gnutls_aead_cipher_decrypt(
            cipher,
            nonce,
            nonceCount,
            associated,
            associatedCount,
            tagBytes,
            ciphertext,
            ciphertextCount,
            destination,
            &plaintextCount
        )
        guard status == 0 else { return NGTCP2_ERR_DECRYPT }
        qh_count_opened_packet()
        return 0
    }

    /// Makes the mask of a packet's header from a sample of it. RFC 9001 §5.4.1.
    private static let maskHeader: ngtcp2_hp_mask = { destination, algorithm, context, sample in
        guard let algorithm = unsafe algorithm, let context = unsafe context,
            let cipher = unsafe KeyBox.cipher(in: context, algorithm)
        else { return NGTCP2_ERR_CALLBACK_FAILURE }
        var opened = unsafe ngtcp2_crypto_cipher_ctx(native_handle: UnsafeMutableRawPointer(cipher))
        return unsafe ngtcp2_crypto_hp_mask_cb(destination, algorithm, &opened, sample)
    }
}

internal import CNgtcp2

/// A key of packet protection, and the cipher that GnuTLS makes of it while it is used. RFC 9001 §5.1.
///
/// GnuTLS takes 728 bytes for an AEAD and 752 for header protection, and a key has 16 or 32. So the cipher is made for the first packet
/// that needs it, and given back when the connection is quiet.
///
/// A box stands in an `ngtcp2_crypto_aead_ctx` or an `ngtcp2_crypto_cipher_ctx` in place of GnuTLS's handle, and is told from one by its
/// lowest bit, which no address of a block has: the keys of a handshake, which ngtcp2's helper makes, are GnuTLS's handles.
///
/// In memory it is a word and the key. The word is 0 while the box is empty. A taken one has a mark in its lowest bit, the length of
/// the key in the next, and the address of the cipher in the others while there is one.
///
/// Owns: the cipher. Released by: ``close(_:)`` and ``clear(_:)``, which wipes the key as well.
@safe
struct KeyBox {
    /// The part of a packet that a key protects.
    enum Purpose {
        /// Its payload, with an AEAD. RFC 9001 §5.3.
        case payload
        /// Its header. RFC 9001 §5.4.
        case header
    }

    private static let mark: UInt = 1
    private static let longKeyMark: UInt = 2
    private static let marks = mark | longKeyMark
    /// A key of AES-128.
    private static let shortKeyBytes = 16
    /// A key of AES-256 or ChaCha20.
    private static let longKeyBytes = 32

    private let word: UnsafeMutablePointer<UInt>

    /// The box at `place`, which is aligned to a word.
    @unsafe
    init(at place: UnsafeMutableRawPointer) {
        unsafe word = place.assumingMemoryBound(to: UInt.self)
    }

    /// The box that stands in a context of ngtcp2's in place of a handle; nil where there is none.
    @inline(__always)
    private init?(in handle: UnsafeMutableRawPointer?) {
        let address = UInt(bitPattern: handle)
        guard address & Self.mark != 0, let place = unsafe UnsafeMutableRawPointer(bitPattern: address & ~Self.mark)
        else { return nil }
        unsafe self.init(at: place)
    }

    /// The box as it stands in a context of ngtcp2's.
    var handle: UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: word) | Self.mark)
    }

    /// The bytes of a box for a key of `keyBytes`.
    static func byteCount(keyBytes: Int) -> Int { MemoryLayout<UInt>.size + keyBytes }

    /// Whether keys have so many bytes.
    static func isLength(_ keyBytes: Int) -> Bool { keyBytes == shortKeyBytes || keyBytes == longKeyBytes }
}

// MARK: - The key

extension KeyBox {
    /// Whether there is no key in it.
    var isEmpty: Bool { unsafe word.pointee == 0 }

    /// Takes the empty box for a key of `keyBytes`, which are written to ``key`` next.
    func take(keyBytes: Int) {
        precondition(isEmpty && Self.isLength(keyBytes))
        unsafe word.pointee = keyBytes == Self.longKeyBytes ? Self.mark | Self.longKeyMark : Self.mark
    }

    /// The bytes of the key.
    var key: UnsafeMutableBufferPointer<UInt8> {
        let isLong = unsafe word.pointee & Self.longKeyMark != 0
        return unsafe UnsafeMutableBufferPointer(
            start: UnsafeMutableRawPointer(word + 1).assumingMemoryBound(to: UInt8.self),
            count: isLong ? Self.longKeyBytes : Self.shortKeyBytes
        )
    }

    /// Closes the box, and wipes the key.
    func clear(_ purpose: Purpose) {
        close(purpose)
        unsafe gnutls_memset(key.baseAddress, 0, key.count)
        unsafe word.pointee = 0
    }
}

// MARK: - The cipher

extension KeyBox {
    /// The address of GnuTLS's cipher; nil while there is none.
    @inline(__always)
    private var cipher: OpaquePointer? { unsafe OpaquePointer(bitPattern: word.pointee & ~Self.marks) }

    /// Whether there is a cipher.
    var isOpen: Bool { unsafe cipher != nil }

    /// Makes the cipher of the key; nil where GnuTLS refuses.
    @inline(never)  // It is rare, and its callers handle packets.
    private func open(_ purpose: Purpose, _ algorithm: UnsafeMutableRawPointer?) -> OpaquePointer? {
        precondition(!isEmpty && !isOpen)
        // ngtcp2's helper has the number of GnuTLS's algorithm for a handle.
        let number = gnutls_cipher_algorithm_t(rawValue: UInt32(truncatingIfNeeded: UInt(bitPattern: algorithm)))
        var datum = unsafe gnutls_datum_t(data: key.baseAddress, size: UInt32(key.count))
        var made: OpaquePointer?
        let status =
            switch purpose {
            case .payload: unsafe gnutls_aead_cipher_init(&made, number, &datum)
            case .header: unsafe gnutls_cipher_init(&made, number, &datum, nil)
            }
        guard status == 0, let made = unsafe made else { return nil }
        precondition(UInt(bitPattern: made) & Self.marks == 0)
        unsafe word.pointee |= UInt(bitPattern: made)
        return unsafe made
    }

    /// Gives the cipher back, if there is one. The next packet makes another.
    func close(_ purpose: Purpose) {
        guard let cipher = unsafe cipher else { return }
        switch purpose {
        case .payload: unsafe gnutls_aead_cipher_deinit(cipher)
        case .header: unsafe gnutls_cipher_deinit(cipher)
        }
        unsafe word.pointee &= Self.marks
    }
}

// MARK: - Contexts of ngtcp2

extension KeyBox {
    /// The AEAD in a context: that of a box, which is opened, or GnuTLS's handle; nil where GnuTLS refuses.
    @inline(__always)
    static func cipher(
        in context: UnsafePointer<ngtcp2_crypto_aead_ctx>,
        _ aead: UnsafePointer<ngtcp2_crypto_aead>
    ) -> OpaquePointer? {
        let handle = unsafe context.pointee.native_handle
        guard let box = unsafe KeyBox(in: handle) else { return OpaquePointer(handle) }
        return unsafe box.cipher ?? box.open(.payload, aead.pointee.native_handle)
    }

    /// The same for header protection.
    @inline(__always)
    static func cipher(
        in context: UnsafePointer<ngtcp2_crypto_cipher_ctx>,
        _ algorithm: UnsafePointer<ngtcp2_crypto_cipher>
    ) -> OpaquePointer? {
        let handle = unsafe context.pointee.native_handle
        guard let box = unsafe KeyBox(in: handle) else { return OpaquePointer(handle) }
        return unsafe box.cipher ?? box.open(.header, algorithm.pointee.native_handle)
    }

    /// Frees what is in a context: empties a box, or frees GnuTLS's handle.
    static let deletePayloadKey: ngtcp2_delete_crypto_aead_ctx = { connection, context, userData in
        guard let box = unsafe context.flatMap({ unsafe KeyBox(in: $0.pointee.native_handle) }) else {
            return unsafe ngtcp2_crypto_delete_crypto_aead_ctx_cb(connection, context, userData)
        }
        box.clear(.payload)
        unsafe context?.pointee.native_handle = nil
    }

    /// The same for header protection.
    static let deleteHeaderKey: ngtcp2_delete_crypto_cipher_ctx = { connection, context, userData in
        guard let box = unsafe context.flatMap({ unsafe KeyBox(in: $0.pointee.native_handle) }) else {
            return unsafe ngtcp2_crypto_delete_crypto_cipher_ctx_cb(connection, context, userData)
        }
        box.clear(.header)
        unsafe context?.pointee.native_handle = nil
    }
}

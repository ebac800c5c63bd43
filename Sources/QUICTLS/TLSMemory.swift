internal import BoundedMemory
internal import CNgtcp2
internal import CShims

/// The bytes GnuTLS holds, which it takes from the allocator by itself.
///
/// GnuTLS has no allocator of a session's own, so its functions are replaced by ones that count, on each thread. What a
/// thread's count grew by during a call into a connection belongs to that connection. Nothing is ever refused: GnuTLS
/// does not survive that; its memory is bounded by the number of handshakes in flight.
package enum TLSMemory {
    /// Installs the counting functions; the first use does, before GnuTLS allocates anything for a session.
    static let isCounted: Bool = {
        guard Accounting.isOn else { return true }
        unsafe qh_gnutls_set_allocator(qh_tls_malloc, qh_tls_calloc, qh_tls_realloc, qh_tls_free)
        return true
    }()

    /// Lets GnuTLS allocate what it keeps for the calling thread, so that no connection is charged for it.
    ///
    /// Its random source has a context of 16 bytes on each thread, made at first use.
    package static func prepareThread() {
        var byte: UInt8 = 0
        unsafe gnutls_rnd(GNUTLS_RND_NONCE, &byte, 1)
    }
}

import BoundedMemory
internal import CNgtcp2
internal import CShims

/// The bytes GnuTLS holds, which it takes from the allocator by itself.
///
/// GnuTLS has no allocator of a session's own, so its functions are replaced by ones that count, on each thread. What a
/// thread's count grew by during a call into a connection belongs to that connection. Nothing is ever refused: GnuTLS
/// does not survive that; its memory is bounded by the number of handshakes in flight.
enum TLSMemory {
    /// Installs the counting functions; the first use does, before GnuTLS allocates anything for a session.
    static let isCounted: Bool = {
        guard Accounting.isOn else { return true }
        unsafe qh_gnutls_set_allocator(qh_tls_malloc, qh_tls_calloc, qh_tls_realloc, qh_tls_free)
        return true
    }()

    /// Lets GnuTLS allocate what it keeps for the calling thread, so that no connection is charged for it.
    ///
    /// Its random source has a context of 16 bytes on each thread, made at first use.
    static func prepareThread() {
        var byte: UInt8 = 0
        unsafe gnutls_rnd(GNUTLS_RND_NONCE, &byte, 1)
    }

    /// What the calling thread's GnuTLS holds, in all.
    static func tallyNow() -> qh_tls_tally { Accounting.isOn ? qh_tls_tally_now() : qh_tls_tally() }
}

extension Connection {
    /// Charges what GnuTLS allocated and freed since `before`, in a call into this connection.
    func chargeTLS(since before: qh_tls_tally) {
        let after = TLSMemory.tallyNow()
        // Most calls into a connection after its handshake end here, before the call into another module.
        guard after.bytes != before.bytes || after.blocks != before.blocks else { return }
        let part = qh_tls_tally(bytes: after.bytes - before.bytes, blocks: after.blocks - before.blocks)
        // A service may be at work in a call into this connection or another one, which is not to be charged as well.
        qh_tls_tally_settle(part)
        account.adjust(bytes: Int(part.bytes), blocks: Int(part.blocks), of: .tls)
    }
}

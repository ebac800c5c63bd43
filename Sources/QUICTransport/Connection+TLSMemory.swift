import BoundedMemory
internal import CShims

extension TLSMemory {
    /// The bytes and blocks of GnuTLS on the calling thread, in all.
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

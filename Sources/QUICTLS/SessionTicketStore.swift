internal import CNgtcp2

/// The latest session ticket a server gave, for the sessions that follow. RFC 8446 §4.6.1.
///
/// Owns: one ticket and what GnuTLS stores beside it, the server's certificate above all: 1 to 3 KB. Released by: the next
/// one, or its own end.
final class SessionTicketStore {
    fileprivate var latest: [UInt8] = []
}

extension TLSSession {
    /// Begins with the latest ticket of `store`.
    borrowing func resume(with store: SessionTicketStore) {
        // A ticket that GnuTLS no longer takes costs a full handshake and nothing else.
        if !store.latest.isEmpty { unsafe gnutls_session_set_data(native, store.latest, store.latest.count) }
    }

    /// Whether this session has taken up where an earlier one left off.
    package var isResumed: Bool { unsafe gnutls_session_is_resumed(native) != 0 }

    /// Queues a session ticket for the client; false where GnuTLS cannot.
    package borrowing func sendTicket() -> Bool { unsafe gnutls_session_ticket_send(native, 1, 0) == 0 }

    /// Whether its ticket is wanted and has not come.
    package var awaitsTicket: Bool {
        unsafe TLSClientContext.of(native)?.tickets != nil && !hasTicket
    }

    /// Puts the ticket that came, if one did, into the store.
    package borrowing func keepTicket() {
        guard hasTicket, let store = unsafe TLSClientContext.of(native)?.tickets else { return }
        var data = unsafe gnutls_datum_t()
        guard unsafe gnutls_session_get_data2(native, &data) == 0 else { return }
        defer { unsafe qh_gnutls_free(data.data) }
        unsafe store.latest = Array(UnsafeBufferPointer(start: data.data, count: Int(data.size)))
    }

    private var hasTicket: Bool {
        unsafe gnutls_session_get_flags(native) & UInt32(GNUTLS_SFLAGS_SESSION_TICKET.rawValue) != 0
    }
}

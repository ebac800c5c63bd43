internal import CNgtcp2
package import QUICPackets

/// The latest session ticket a server gave, for the sessions that follow. RFC 8446 §4.6.1.
///
/// Owns: one ticket and what GnuTLS stores beside it, the server's certificate above all: 1 to 3 KB; and up to 256 bytes for early data.
/// Released by: the next one, or its own end.
package final class SessionTicketStore {
    /// The values that a client remembers with a ticket that allows early data. RFC 9000 §7.4.1.
    package struct Early {
        /// The server's transport parameters.
        package let parameters: [UInt8]
        /// The version of the connection that it came on.
        package let version: QUICVersion
        /// The application protocol of that connection. RFC 8446 §4.2.10.
        package let applicationProtocol: String
    }

    fileprivate var latest: [UInt8] = []
    private(set) var early: Early?
    /// Whether the ticket that GnuTLS is reading allows early data.
    fileprivate var newestAllowsEarlyData = false

    /// The values that go with the ticket when it allows early data to a connection that begins with `version`.
    package func early(for version: QUICVersion) -> Early? { early.flatMap { $0.version == version ? $0 : nil } }

    fileprivate func keep(_ ticket: [UInt8], _ early: Early?) {
        latest = ticket
        self.early = newestAllowsEarlyData ? early : nil
    }
}

extension TLSSession {
    /// Begins with the latest ticket of `store`.
    borrowing func resume(with store: SessionTicketStore) {
        // A ticket that GnuTLS no longer takes costs a full handshake and nothing else.
        if !store.latest.isEmpty { unsafe gnutls_session_set_data(native, store.latest, store.latest.count) }
        // GnuTLS does not tell a ticket without the extension from one that allows any number of bytes.
        unsafe gnutls_handshake_set_hook_function(
            native,
            UInt32(GNUTLS_HANDSHAKE_NEW_SESSION_TICKET.rawValue),
            Int32(GNUTLS_HOOK_PRE),
            readTicket
        )
    }

    /// Whether this session has taken up where an earlier one left off.
    package var isResumed: Bool { unsafe gnutls_session_is_resumed(native) != 0 }

    /// Queues a session ticket for the client; false where GnuTLS cannot.
    package borrowing func sendTicket() -> Bool { unsafe gnutls_session_ticket_send(native, 1, 0) == 0 }

    /// Whether the server has accepted the early data of this session; at either side.
    package var acceptsEarlyData: Bool { unsafe Self.acceptsEarlyData(native) }

    /// The same of any session.
    static func acceptsEarlyData(_ session: gnutls_session_t) -> Bool {
        unsafe gnutls_session_get_flags(session) & UInt32(GNUTLS_SFLAGS_EARLY_DATA.rawValue) != 0
    }

    /// Whether its ticket is wanted and has not come.
    package var awaitsTicket: Bool {
        unsafe TLSClientContext.of(native)?.tickets != nil && !hasTicket
    }

    /// Puts the ticket that came, if one did, into the store, with what early data needs to know.
    ///
    /// - Parameters:
    ///   - version: The version of its connection.
    ///   - name: The application protocol of its connection.
    package borrowing func keepTicket(version: QUICVersion?, protocol name: String?) {
        guard hasTicket, let store = unsafe TLSClientContext.of(native)?.tickets else { return }
        var data = unsafe gnutls_datum_t()
        guard unsafe gnutls_session_get_data2(native, &data) == 0 else { return }
        defer { unsafe qh_gnutls_free(data.data) }
        var early: SessionTicketStore.Early?
        if let version, let name, let parameters = unsafe Self.rememberedParameters(of: native) {
            early = SessionTicketStore.Early(parameters: parameters, version: version, applicationProtocol: name)
        }
        unsafe store.keep(Array(UnsafeBufferPointer(start: data.data, count: Int(data.size))), early)
    }

    private var hasTicket: Bool {
        unsafe gnutls_session_get_flags(native) & UInt32(GNUTLS_SFLAGS_SESSION_TICKET.rawValue) != 0
    }
}

/// Called by GnuTLS with a NewSessionTicket, before it reads it.
private let readTicket:
    @convention(c) (OpaquePointer?, UInt32, UInt32, UInt32, UnsafePointer<gnutls_datum_t>?) -> Int32 = {
        session,
        _,
        _,
        _,
        message in
        guard let session = unsafe session, let message = unsafe message,
            let store = unsafe TLSClientContext.of(session)?.tickets
        else { return 0 }
        let bytes = unsafe UnsafeRawBufferPointer(start: message.pointee.data, count: Int(message.pointee.size))
        unsafe store.newestAllowsEarlyData = NewSessionTicket.allowsEarlyData(bytes.bytes)
        return 0
    }

/// How a client vanishes.
package enum AbandonManner: String, CaseIterable, Sendable {
    /// Nothing more of it arrives, not even what is under way; what the server sends arrives at a host that has
    /// forgotten the connection.
    case silence
    /// It closes, but its CONNECTION_CLOSE is lost, with all that is under way.
    case closeLost = "close lost"
    /// Its CONNECTION_CLOSE arrives, and so does all that is under way.
    case closeDelivered = "close delivered"
    /// It forgets the connection, and its address no longer exists: what is under way still arrives, and no answer does.
    case sourceAddressGone = "source address gone"
}

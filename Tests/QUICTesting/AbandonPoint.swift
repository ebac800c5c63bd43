/// How far a connection has come when its client vanishes. Each is a state of the server's side.
package enum AbandonPoint: String, CaseIterable, Sendable {
    /// The server has accepted the connection; its first flight is not answered.
    case afterInitial = "after Initial"
    /// The server has the first half of the ClientHello, so TLS waits for the rest.
    case halfClientHello = "half a ClientHello"
    /// The client has all of the server's first flight; its Finished is never sent.
    case afterServersFlight = "after the server's flight"
    /// The server has the client's Finished; what it says as an established connection is not acknowledged.
    case afterFinished = "after Finished"
    /// A stream is open without FIN, and every byte on it was echoed and acknowledged.
    case streamOpen = "stream open"
    /// Some of a message has arrived, and some has not.
    case halfSentStream = "half-sent stream"
    /// A message has arrived with FIN; its echo is not acknowledged.
    case unacknowledgedEcho = "unacknowledged echo"
    /// The server has a packet with the client's next keys and answers with its own; that is not acknowledged. RFC 9001 §6.
    case inKeyUpdate = "in key update"
    /// The server has a packet from a new address; its PATH_CHALLENGE is not answered. RFC 9000 §9.
    case inMigration = "in migration"
    /// The server has closed the connection and keeps a record of it for late packets. RFC 9000 §10.2.1.
    case inClosing = "in closing"
}

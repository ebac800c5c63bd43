/// How far a connection has come when its client vanishes. The points and their names are those of the simulated lives.
public enum AbandonPoint: String, CaseIterable, Sendable, Codable {
    /// The client has sent its Initial and answers nothing.
    case afterInitial = "after Initial"
    /// The client has sent the first half of a ClientHello.
    case halfClientHello = "half a ClientHello"
    /// The client has all of the server's first flight; its Finished is never sent.
    case afterServersFlight = "after the server's flight"
    /// The client has sent Finished and acknowledges nothing more.
    case afterFinished = "after Finished"
    /// A stream is open without FIN, and every byte on it was echoed and acknowledged.
    case streamOpen = "stream open"
    /// Some of a message is sent, and the rest never.
    case halfSentStream = "half-sent stream"
    /// A message is sent with FIN; its echo is not acknowledged.
    case unacknowledgedEcho = "unacknowledged echo"
    /// The client has sent a packet with its next keys; the server's answer with its own is not acknowledged. RFC 9001
    /// §6.
    case inKeyUpdate = "in key update"
    /// The client has sent a packet from a new address; the server's PATH_CHALLENGE is not answered. RFC 9000 §9.
    case inMigration = "in migration"
    /// The server has closed the connection and keeps a record of it. RFC 9000 §10.2.1.
    ///
    /// Any client can make it do so: by offering application protocols that it does not speak. RFC 7301 §3.2.
    case inClosing = "in closing"

    /// Whether the handshake is complete on the client's side before this point.
    public var isEstablished: Bool {
        switch self {
        case .afterInitial, .halfClientHello, .afterServersFlight, .inClosing: false
        case .afterFinished, .streamOpen, .halfSentStream, .unacknowledgedEcho, .inKeyUpdate, .inMigration: true
        }
    }

    /// Whether the client sends a message on a stream before this point, so that it has to know the application
    /// protocol.
    public var usesStream: Bool {
        switch self {
        case .streamOpen, .halfSentStream, .unacknowledgedEcho: true
        default: false
        }
    }
}

extension AbandonPoint: OptionNamed {}

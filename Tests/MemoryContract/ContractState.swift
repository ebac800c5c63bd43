/// The states of one server connection that the contract has figures for.
package enum ContractState: String, CaseIterable, Sendable {
    /// Its first packet was answered.
    case halfOpen = "half_open"
    /// It only shook hands.
    case establishedIdle = "established_idle"
    /// It echoed, and its stream stays open.
    case streamOpen = "stream_open"
    /// Its echo is under way.
    case echoInFlight = "echo_in_flight"
    /// Its echo arrived, and the stream is closed.
    case echoAcknowledged = "echo_acknowledged"
    /// As many streams are open as a peer may have.
    case sixteenStreamsOpen = "sixteen_streams_open"
    /// The server closed it. RFC 9000 §10.2.1.
    case closing
    /// The client closed it. RFC 9000 §10.2.2.
    case draining
    /// Nothing is left of it.
    case gone

    /// What the connection has done to be in this state, for readers of the document.
    package var meaning: String {
        switch self {
        case .halfOpen: "half-open: the first packet was answered, and the client is silent"
        case .establishedIdle: "shook hands and is idle"
        case .streamOpen: "has echoed 64 bytes, and the stream is open"
        case .echoInFlight: "has echoed 64 bytes, which are not acknowledged"
        case .echoAcknowledged: "has echoed 64 bytes, and the stream is closed"
        case .sixteenStreamsOpen: "has echoed 64 bytes on each of 16 streams, and they are open"
        case .closing: "closing: was idle, and the server closed it"
        case .draining: "draining: was idle, and the client closed it"
        case .gone: "is gone"
        }
    }

    /// Whether its handshake is complete and it lives.
    var isEstablished: Bool {
        switch self {
        case .halfOpen, .closing, .draining, .gone: false
        case .establishedIdle, .streamOpen, .echoInFlight, .echoAcknowledged, .sixteenStreamsOpen: true
        }
    }
}

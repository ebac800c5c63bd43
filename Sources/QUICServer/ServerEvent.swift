public import QUICEndpoint

/// An event of one of a server's workers.
public struct ServerEvent: Sendable, Hashable {
    /// The worker, counted from 0.
    public let worker: Int
    /// How long ago it happened.
    public let age: Duration
    /// What happened.
    public let event: EndpointEvent
}

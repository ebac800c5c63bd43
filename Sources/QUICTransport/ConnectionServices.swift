/// The services of an endpoint, as its connections find them: by the application protocol that TLS has agreed on. RFC 7301.
public enum ConnectionServices {
    /// None: those of an endpoint that has ended. Connections that a service keeps refer to it, and must not keep the service.
    case none
    /// One for every protocol, as at a client.
    case single(any StreamService)
    /// One for each protocol, as at a server.
    case byProtocol([String: any StreamService])

    /// The service for `applicationProtocol`; nil where there is none.
    public subscript(applicationProtocol: String) -> (any StreamService)? {
        switch self {
        case .none: nil
        case .single(let service): service
        case .byProtocol(let services): services[applicationProtocol]
        }
    }
}

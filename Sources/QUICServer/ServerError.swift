public import DatagramIO

/// Why a server could not start.
public enum ServerError: Error, Sendable, CustomStringConvertible {
    /// The certificate, the key or the protocols do not work.
    case transport(QUICError)
    /// The address cannot be listened on.
    case socket(SocketError)
    /// A property of the configuration is out of its range.
    case value(RefusedValue)
    /// The configuration contradicts itself; a sentence with the arithmetic.
    case configuration(String)
    /// The system has no further thread.
    case thread(Int32)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .transport(let error): error.description
        case .socket(let error): error.description
        case .value(let refused): refused.description
        case .configuration(let sentence): sentence
        case .thread(let code): "cannot start a worker thread: error \(code)"
        }
    }
}

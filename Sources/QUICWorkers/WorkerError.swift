public import DatagramIO
public import QUICTransport

/// Why a server or a client could not start, or had to stop.
public enum WorkerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The certificates, the authorities or the protocols do not work.
    case transport(QUICError)
    /// The address cannot be listened on, the system has no event loop, or a socket failed.
    case socket(SocketError)
    /// A property of the configuration is out of its range.
    case value(RefusedValue)
    /// The configuration contradicts itself; a sentence with the arithmetic.
    case configuration(String)
    /// The system has no further thread, for the reason of this error number.
    case thread(Int32)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .transport(let error): error.description
        case .socket(let error): error.description
        case .value(let refused): refused.description
        case .configuration(let sentence): sentence
        case .thread(let code): "cannot start a thread: error \(code)"
        }
    }
}

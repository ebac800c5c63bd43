public import Datagrams

/// Finds the addresses of hosts for a client.
///
/// ``SystemResolver`` asks the system; another one may ask a directory of services, or answer in a test.
public protocol HostResolver: Sendable {
    /// Looks for the addresses of `host`; must return at once.
    ///
    /// - Parameters:
    ///   - host: A name in lower case, of letters, digits, hyphens, underscores and dots.
    ///   - port: The port of the addresses.
    ///   - timeout: After this time nobody waits for the answer; it is dropped then.
    ///   - answer: Takes the addresses in order of preference, the first 8 of which count. Called once at most, on any thread.
    func lookUp(
        _ host: String,
        port: UInt16,
        timeout: Duration,
        _ answer: @escaping @Sendable (Result<[SocketAddress], LookupError>) -> Void
    )
}

/// Why a host has no address.
public enum LookupError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is neither a name nor an address.
    case invalidHost
    /// It is an address at a network interface that this machine does not have.
    case noSuchInterface(String)
    /// The resolver says so, in its words.
    ///
    /// - Parameter isTemporary: Whether it may know another time.
    case failed(reason: String, isTemporary: Bool)
    /// There is such a host, without an address.
    case noAddress
    /// The resolver did not answer in time.
    case timedOut
    /// So many names wait for the resolver already.
    case tooManyNames(limit: Int)

    /// A clause for people.
    public var description: String {
        switch self {
        case .invalidHost:
            "it is neither an address nor a name of 1 to 253 letters, digits, hyphens and dots; names with other letters have to be in "
                + "their xn-- form"
        case .noSuchInterface(let name): "this machine has no network interface '\(name)'"
        case .failed(let reason, _): reason
        case .noAddress: "it has no address"
        case .timedOut: "the resolver did not answer in time"
        case .tooManyNames(let limit): "\(limit) names wait for the resolver, which is the limit"
        }
    }
}

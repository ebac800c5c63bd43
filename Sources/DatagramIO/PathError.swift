#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why the network, the peer or this host's routing took no datagram: a fault of one path, not of the socket.
///
/// Anyone on the path can cause these with a forged ICMP message, so they are counted and never end a connection by
/// themselves.
public enum PathError: Hashable, Sendable {
    /// Nothing listens on the peer's port.
    case connectionRefused
    /// The peer's host does not answer.
    case hostUnreachable
    /// No route leads to the peer's network.
    case networkUnreachable
    /// The datagram is larger than the path carries.
    case datagramTooLarge
    /// A firewall or policy forbids it.
    case prohibited
    /// The peer's host does not speak UDP, or did not understand the datagram's headers.
    case protocolUnreachable
    /// Nothing can be sent between these two addresses: port 0, another address family, not an address of this host, an interface
    /// that is gone.
    case addressUnusable

    /// The path error of an `errno` value; nil when it is a failure of the socket itself.
    init?(code: Int32) {
        switch code {
        case ECONNREFUSED: self = .connectionRefused
        case EHOSTUNREACH, EHOSTDOWN, ENONET: self = .hostUnreachable
        case ENETUNREACH, ENETDOWN: self = .networkUnreachable
        case EMSGSIZE: self = .datagramTooLarge
        case EPERM, EACCES: self = .prohibited
        case ENOPROTOOPT, EOPNOTSUPP, EPROTO: self = .protocolUnreachable
        case EADDRNOTAVAIL, EINVAL, EAFNOSUPPORT, ENODEV: self = .addressUnusable
        default: return nil
        }
    }
}

import CShims
public import Datagrams

extension SocketAddress {
    /// The address from which the system sends to `remote` at present, with port 0. Nothing is sent.
    ///
    /// - Throws: When no route leads there.
    public static func source(towards remote: SocketAddress) throws(SocketError) -> SocketAddress {
        let descriptor = try FileDescriptor(owning: qh_socket_open(remote.family == .ipv6), from: .open, remote)
        var storage = qh_address()
        let length = remote.write(to: &storage)
        try SocketError.check(unsafe qh_socket_connect(descriptor.rawValue, &storage, length), .connect, remote)
        var name = qh_address()
        let nameLength = unsafe qh_socket_name(descriptor.rawValue, &name)
        try SocketError.check(nameLength, .connect, remote)
        var source = SocketAddress(name, length: UInt32(nameLength)) ?? remote
        source.port = 0
        return source
    }

    /// Every address of the host in `family`, with a port that the system chooses.
    public static func any(_ family: Family) -> SocketAddress {
        switch family {
        case .ipv4: SocketAddress(in_addr(), port: 0)
        case .ipv6: SocketAddress(in6_addr(), port: 0)
        }
    }
}

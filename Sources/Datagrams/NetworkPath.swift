/// The two addresses between which a datagram travels. RFC 9000 §9 calls this a path.
public struct NetworkPath: Hashable, Sendable {
    /// The address on this host.
    public var local: SocketAddress
    /// The peer's address.
    public var remote: SocketAddress

    /// The path between `local` and `remote`.
    public init(local: SocketAddress, remote: SocketAddress) {
        self.local = local
        self.remote = remote
    }

    /// The same path seen from the peer.
    public var reversed: NetworkPath {
        NetworkPath(local: remote, remote: local)
    }
}

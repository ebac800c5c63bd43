public import Datagrams

/// What only a client's connection can do or tell.
extension Connection {
    /// Whether TLS took up where an earlier session left off; told from inside ``ConnectionHost/connectionDidEstablish(_:)``.
    public var isResumed: Bool { tls?.isResumed ?? false }

    /// Sends and receives at another local address from now on without a word to the peer, as behind a NAT that gave the
    /// connection another port. RFC 9000 §9.3.3.
    public func rebind(to local: SocketAddress) {
        native?.rebind(to: local)
    }
}

import CShims

/// Lets the kernel give each datagram to the worker that owns its connection.
///
/// The first byte of the destination connection ID, modulo the number of workers, is the worker's index. That holds for
/// the IDs a server issues, with the worker's index in that byte. In a client's first packets the ID is the client's
/// choice, and any worker will do; they keep one ID, so they reach one worker.
///
/// Anyone can send any connection ID: this spreads load, and protects nothing.
public enum ReuseportSteering {
    /// Steers the datagrams of the group that `socket` belongs to; one call serves the whole group.
    ///
    /// The index of a socket is its place in the order of binding. Sockets must therefore be bound in the order of their
    /// workers, and stay open: when one closes, the last one takes its place. An index without a socket, while fewer than
    /// `workerCount` are bound, falls back to the kernel's hash of the addresses.
    ///
    /// - Parameters:
    ///   - socket: A socket with ``UDPSocket/Options/reusePort``.
    ///   - workerCount: The number of sockets in the group, 1 to 256.
    public static func attach(to socket: borrowing UDPSocket, workerCount: Int) throws(SocketError) {
        precondition((1...256).contains(workerCount), "one byte selects the worker")
        let result = qh_socket_attach_steering(socket.descriptor.rawValue, UInt32(workerCount))
        try SocketError.check(result, .steer, socket.boundAddress)
    }
}

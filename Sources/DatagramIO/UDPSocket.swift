import CShims
import Datagrams

/// One non-blocking UDP socket that moves datagrams in batches.
///
/// Every datagram comes with its two addresses and its ECN mark. Datagrams are never fragmented
/// (RFC 9000 §14). An IPv6 socket takes IPv6 only.
///
/// Owns: the descriptor, kernel buffers, and 16 KiB of send arrays. Released by: its own end. Bound: the kernel buffers take
/// up to ``receiveBufferBytes`` + ``sendBufferBytes``.
public struct UDPSocket: ~Copyable, Sendable {
    /// How a socket is set up.
    public struct Options: Hashable, Sendable {
        /// Whether further sockets may bind the same address and share its datagrams.
        public var reusePort: Bool
        /// The kernel's receive buffer to ask for, in bytes. The kernel silently gives less where its limits say so.
        public var receiveBufferBytes: Int
        /// The kernel's send buffer to ask for, in bytes. The kernel silently gives less where its limits say so.
        public var sendBufferBytes: Int
        /// Whether datagrams of one path are sent as one message that the kernel cuts up (GSO).
        public var segmentationOffload: Bool
        /// Whether the kernel may join datagrams of one path into one message (GRO).
        ///
        /// Each buffer of a ``ReceiveBatch`` must then take 64 KiB instead of 2 KiB: 2 MiB for a batch of 32 messages.
        public var receiveOffload: Bool

        /// Options with 4 MiB asked for each kernel buffer, sending with GSO and receiving without GRO.
        public init(
            reusePort: Bool = false,
            receiveBufferBytes: Int = 4 << 20,
            sendBufferBytes: Int = 4 << 20,
            segmentationOffload: Bool = true,
            receiveOffload: Bool = false
        ) {
            self.reusePort = reusePort
            self.receiveBufferBytes = receiveBufferBytes
            self.sendBufferBytes = sendBufferBytes
            self.segmentationOffload = segmentationOffload
            self.receiveOffload = receiveOffload
        }
    }

    /// The address the socket is bound to, with the port the system chose if port 0 was asked for.
    public private(set) var boundAddress: SocketAddress

    /// What the socket has done so far.
    public internal(set) var statistics = SocketStatistics()

    /// Whether datagrams are sent with GSO. Turns false for good when the kernel or the network device refuses it.
    public internal(set) var usesSegmentationOffload: Bool

    /// Whether datagrams are received with GRO.
    public let usesReceiveOffload: Bool

    let descriptor: FileDescriptor
    var sendArrays: SendArrays
    /// The kernel's own count of dropped datagrams, which wraps.
    var lastOverflowCount: UInt32 = 0
    var pendingPathError: PathError?

    /// A socket bound to `address`; port 0 lets the system choose one.
    public init(bindingTo address: SocketAddress, options: Options = Options()) throws(SocketError) {
        let isIPv6 = address.family == .ipv6
        let descriptor = try FileDescriptor(owning: qh_socket_open(isIPv6), from: .open, address)
        let socket = descriptor.rawValue
        try SocketError.check(
            qh_socket_configure(socket, isIPv6, options.reusePort, address.isUnspecified),
            .configure,
            address
        )
        qh_socket_set_buffers(
            socket,
            Int32(clamping: options.receiveBufferBytes),
            Int32(clamping: options.sendBufferBytes)
        )
        var storage = qh_address()
        let length = address.write(to: &storage)
        try SocketError.check(unsafe qh_socket_bind(socket, &storage, length), .bind, address)
        boundAddress = try Self.name(of: socket, requested: address)
        usesSegmentationOffload = options.segmentationOffload && qh_socket_supports_segmentation(socket)
        usesReceiveOffload = options.receiveOffload && qh_socket_enable_receive_offload(socket)
        self.descriptor = descriptor
        sendArrays = SendArrays()
    }

    /// Fixes the peer: only its datagrams arrive, and ``pollPathError()`` learns of its ICMP errors.
    public mutating func connect(to peer: SocketAddress) throws(SocketError) {
        var storage = qh_address()
        let length = peer.write(to: &storage)
        try SocketError.check(unsafe qh_socket_connect(descriptor.rawValue, &storage, length), .connect, peer)
        boundAddress = try Self.name(of: descriptor.rawValue, requested: boundAddress)
    }

    /// The latest error of the path since the last call, which a client may take as a hint that its server is gone.
    ///
    /// Without ``connect(to:)`` the system reports errors of sending only.
    public mutating func pollPathError() -> PathError? {
        defer { pendingPathError = nil }
        return pendingPathError
    }

    /// The kernel's receive buffer in bytes, its own bookkeeping included (about twice what was asked).
    public var receiveBufferBytes: Int { Int(max(0, qh_socket_receive_buffer(descriptor.rawValue))) }

    /// The kernel's send buffer in bytes, its own bookkeeping included (about twice what was asked).
    public var sendBufferBytes: Int { Int(max(0, qh_socket_send_buffer(descriptor.rawValue))) }

    private static func name(of socket: Int32, requested: SocketAddress) throws(SocketError) -> SocketAddress {
        var storage = qh_address()
        let length = unsafe qh_socket_name(socket, &storage)
        try SocketError.check(length, .bind, requested)
        return SocketAddress(storage, length: UInt32(length)) ?? requested
    }
}

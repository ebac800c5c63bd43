import DatagramIO
import Datagrams
import Glibc

/// A client's port towards the server, as a NAT gives it one.
///
/// Owns: a socket with its kernel buffers. Released by: `deinit`. Bound: one socket at a time.
final class Upstream {
    /// The socket of the present port.
    var socket: UDPSocket
    private var overflowedBefore = 0
    private let target: SocketAddress
    private var rebinding: RebindSchedule

    init(target: SocketAddress, rebindEvery: Duration?, at now: MonotonicInstant) throws(SocketError) {
        self.target = target
        socket = try Self.socket(to: target)
        rebinding = RebindSchedule(every: rebindEvery, from: now)
    }

    /// Datagrams from the server that the system dropped because they were not received in time.
    var overflowed: Int { overflowedBefore + Int(socket.statistics.receiveOverflows) }

    /// Replaces the socket by a new one, on another port, when that is due.
    ///
    /// - Returns: Whether it did. The old socket is closed: what arrives for it is lost, as behind a NAT that has
    ///   forgotten its mapping.
    func rebindIfDue(at now: MonotonicInstant) throws(SocketError) -> Bool {
        guard rebinding.isDue(at: now) else { return false }
        overflowedBefore = overflowed
        socket = try Self.socket(to: target)
        return true
    }

    private static func socket(to target: SocketAddress) throws(SocketError) -> UDPSocket {
        let options = UDPSocket.Options(receiveBufferBytes: 8 << 20, receiveOffload: true)
        var socket = try UDPSocket(bindingTo: target.anyPort, options: options)
        try socket.connect(to: target)
        return socket
    }
}

/// When a client gets another port: with the first datagram it sends after each interval.
package struct RebindSchedule: Sendable {
    private let interval: Duration?
    private var next: MonotonicInstant

    /// A schedule that begins at `start`; nil for never.
    package init(every interval: Duration?, from start: MonotonicInstant) {
        self.interval = interval
        next = interval.map { start.advanced(by: $0) } ?? .distantFuture
    }

    /// Whether a datagram sent at `now` is the first one after an interval; the next interval then begins.
    package mutating func isDue(at now: MonotonicInstant) -> Bool {
        guard let interval, now >= next else { return false }
        next = now.advanced(by: interval)
        return true
    }
}

extension SocketAddress {
    /// An address of this host from which this one can be reached, with a port of the system's choice.
    fileprivate var anyPort: SocketAddress {
        switch family {
        case .ipv4: isLoopback ? SocketAddress(ipv4: 127, 0, 0, 1, port: 0) : SocketAddress(ipv4: 0, 0, 0, 0, port: 0)
        case .ipv6: SocketAddress(in6_addr(), port: 0)
        }
    }
}

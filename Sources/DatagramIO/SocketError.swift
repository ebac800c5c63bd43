import CShims
import Datagrams

/// A failed call to the system about a socket or an event loop.
public struct SocketError: Error, Hashable, Sendable {
    /// What was attempted.
    public enum Operation: String, Sendable {
        /// Creating a socket.
        case open = "open a UDP socket for"
        /// Setting the options every socket needs.
        case configure = "configure the UDP socket for"
        /// Binding a socket to its address.
        case bind = "bind"
        /// Fixing the peer of a socket.
        case connect = "connect to"
        /// Receiving datagrams.
        case receive = "receive at"
        /// Sending datagrams.
        case send = "send from"
        /// Attaching the program that spreads datagrams over workers.
        case steer = "steer datagrams to"
        /// Creating an event loop.
        case createEventLoop = "create an event loop"
        /// Adding a socket to an event loop, or changing what it waits for.
        case watch = "watch the UDP socket at"
        /// Waiting in an event loop.
        case wait = "wait for events"
    }

    /// What was attempted.
    public let operation: Operation
    /// The address it was about; nil for an event loop itself.
    public let address: SocketAddress?
    /// The system's `errno` value.
    public let code: Int32

    init(_ operation: Operation, _ address: SocketAddress? = nil, code: Int32) {
        self.operation = operation
        self.address = address
        self.code = code
    }

    /// Throws when `result` is a negative errno.
    static func check(
        _ result: Int32,
        _ operation: Operation,
        _ address: SocketAddress? = nil
    ) throws(SocketError) {
        if result < 0 { throw SocketError(operation, address, code: -result) }
    }
}

extension SocketError: CustomStringConvertible {
    /// A sentence such as `cannot bind 127.0.0.1:4433: Address already in use`.
    public var description: String {
        let subject = address.map { " \($0)" } ?? ""
        return unsafe "cannot \(operation.rawValue)\(subject): \(String(cString: qh_error_text(code)))"
    }
}

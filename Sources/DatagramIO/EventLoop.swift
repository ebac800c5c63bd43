import CShims
import Datagrams
import FaultInjection

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Waits until sockets have something to do, a deadline comes, or another thread wakes it.
///
/// Owns: an epoll descriptor, a share of its ``waker``, and 1 KiB of results. Released by: its own end. Bound: never grows.
public struct EventLoop: ~Copyable, Sendable {
    /// A socket that has something to do.
    public struct Readiness: Hashable, Sendable {
        /// The tag the socket was added with.
        public let tag: UInt64
        /// Whether datagrams or errors wait.
        public let isReadable: Bool
        /// Whether datagrams can be sent again. Never without ``EventLoop/setWantsWrite(_:for:tag:)``.
        public let isWritable: Bool
    }

    /// Why a wait ended. Without either, the deadline came or a signal interrupted it.
    public struct Wakeup: Hashable, Sendable {
        /// How many sockets are ready: ``EventLoop/ready(_:)`` has each.
        public let readyCount: Int
        /// Whether ``Waker/wake()`` was called.
        public let wasWoken: Bool
    }

    /// The tag of the loop's own eventfd.
    private static let wakerTag = UInt64.max

    /// The handle that wakes this loop.
    public let waker: Waker

    private let epoll: FileDescriptor
    private var results = [qh_ready](repeating: qh_ready(), count: Int(QH_READY_LIMIT))
    private var readyCount = 0

    /// A loop that watches no socket yet.
    public init() throws(SocketError) {
        let waker = try Waker()
        let epoll = try FileDescriptor(owning: qh_epoll_create(), from: .createEventLoop)
        try SocketError.check(
            qh_epoll_watch(epoll.rawValue, waker.watched, Self.wakerTag, false, false),
            .createEventLoop
        )
        self.waker = waker
        self.epoll = epoll
    }

    /// Watches `socket` for datagrams until it is closed.
    ///
    /// - Parameter tag: What ``Readiness/tag`` says when the socket is ready; any value but `UInt64.max`.
    public func add(_ socket: borrowing UDPSocket, tag: UInt64) throws(SocketError) {
        precondition(tag != Self.wakerTag, "this tag is the loop's own")
        if FaultInjection.isLoopFull { throw SocketError(.watch, socket.boundAddress, code: ENOSPC) }
        let result = qh_epoll_watch(epoll.rawValue, socket.descriptor.rawValue, tag, false, false)
        try SocketError.check(result, .watch, socket.boundAddress)
    }

    /// Watches `socket`, added before, for room to send as well, or no longer. One system call each time.
    public func setWantsWrite(
        _ wantsWrite: Bool,
        for socket: borrowing UDPSocket,
        tag: UInt64
    ) throws(SocketError) {
        precondition(tag != Self.wakerTag, "this tag is the loop's own")
        let result = qh_epoll_watch(epoll.rawValue, socket.descriptor.rawValue, tag, wantsWrite, true)
        try SocketError.check(result, .watch, socket.boundAddress)
    }

    /// Waits until a socket is ready, the loop is woken, a signal arrives, or `deadline` comes.
    ///
    /// Never returns before the deadline for another reason. A socket that is still ready is reported again by the next
    /// wait. At most 64 sockets are reported at a time.
    ///
    /// - Parameters:
    ///   - deadline: When to stop waiting; nil for never, and not at all when it has come.
    ///   - now: The present moment.
    public mutating func wait(
        until deadline: MonotonicInstant?,
        now: MonotonicInstant
    ) throws(SocketError) -> Wakeup {
        let timeout = Self.timeoutNanoseconds(until: deadline, now: now)
        let count = unsafe FaultInjection.strikeWait() ?? qh_epoll_wait(epoll.rawValue, &results, timeout)
        readyCount = Int(max(0, count))
        if count == -EINTR { return Wakeup(readyCount: 0, wasWoken: false) }
        try SocketError.check(count, .wait)
        let wasWoken = takeWakeUp()
        return Wakeup(readyCount: readyCount, wasWoken: wasWoken)
    }

    /// The ready socket at `index` of the last wait, which is less than its ``Wakeup/readyCount``.
    public func ready(_ index: Int) -> Readiness {
        precondition((0..<readyCount).contains(index))
        let result = results[index]
        return Readiness(tag: result.tag, isReadable: result.is_readable, isWritable: result.is_writable)
    }

    /// Removes the waker from the results; returns whether it was among them.
    private mutating func takeWakeUp() -> Bool {
        guard let index = results.prefix(readyCount).firstIndex(where: { $0.tag == Self.wakerTag }) else {
            return false
        }
        waker.drain()
        readyCount -= 1
        results[index] = results[readyCount]
        return true
    }

    /// The time left in nanoseconds; -1 for ever.
    private static func timeoutNanoseconds(until deadline: MonotonicInstant?, now: MonotonicInstant) -> Int64 {
        guard let deadline, deadline != .distantFuture else { return -1 }
        return Int64(clamping: deadline.nanoseconds(since: now))
    }
}

import LoadModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A TCP connection whose every call blocks for at most a given time.
///
/// Owns: one socket. Released by: `deinit`.
struct TCPConnection: ~Copyable {
    private let descriptor: Int32

    /// A connection to the first address of the host.
    ///
    /// - Throws: ``SystemError``; a call that takes longer than `timeout` fails too.
    static func open(to address: AdminAddress, timeout: Duration) throws(SystemError) -> TCPConnection {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(address.host, "\(address.port)", &hints, &found)
        guard code == 0, let first = unsafe found?.pointee else {
            throw SystemError(description: unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(found) }
        let type = unsafe first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(first.ai_family, type, 0)
        guard descriptor >= 0 else { throw SystemError.current() }
        let connection = TCPConnection(descriptor: descriptor)
        connection.setTimeout(timeout)
        guard unsafe connect(descriptor, first.ai_addr, first.ai_addrlen) == 0 else { throw failure() }
        return connection
    }

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Sends all of `bytes`.
    borrowing func sendAll(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Self.failure() }
            rest.removeFirst(sent)
        }
    }

    /// The next bytes; none when the peer has sent everything.
    borrowing func receive() throws(SystemError) -> [UInt8] {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, initializedCount in
            count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            initializedCount = max(0, count)
        }
        guard count >= 0 else { throw Self.failure() }
        return bytes
    }

    /// What `errno` says, in plain words where it says that the time was up.
    private static func failure() -> SystemError {
        switch errno {
        case EAGAIN, EINPROGRESS: SystemError(description: "no answer in time")
        default: .current()
        }
    }

    private borrowing func setTimeout(_ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        var value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let length = socklen_t(MemoryLayout<timeval>.size)
        // SO_SNDTIMEO bounds connect as well.
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value, length)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &value, length)
    }
}

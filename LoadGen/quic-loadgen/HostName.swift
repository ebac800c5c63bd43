import Datagrams

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The name of a host, for the system's resolver.
struct HostName {
    private let name: String

    init(_ name: String) {
        self.name = name
    }

    /// The first of its addresses that this machine has a way to, in the order of the resolver (RFC 6724). Only on
    /// loopback IPv4 comes first: the resolver says ::1, and servers listen on 127.0.0.1 unless told otherwise.
    ///
    /// - Throws: ``SystemError`` when it has none.
    func firstAddress(port: UInt16) throws(SystemError) -> SocketAddress {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, "\(port)", &hints, &found)
        guard code == 0 else {
            throw code == EAI_SYSTEM
                ? .current() : SystemError(description: unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(found) }
        var usable: [SocketAddress] = []
        var next = unsafe found
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ai_next
            if let address = unsafe Self.address(of: entry), unsafe Self.hasRoute(to: entry) { usable.append(address) }
        }
        guard let first = usable.first else {
            throw SystemError(description: "there is no route to any of its addresses")
        }
        return first.isLoopback ? usable.first { $0.isLoopback && $0.family == .ipv4 } ?? first : first
    }

    private static func address(of entry: addrinfo) -> SocketAddress? {
        guard let pointer = unsafe entry.ai_addr else { return nil }
        return unsafe SocketAddress(copying: pointer, length: Int(entry.ai_addrlen))
    }

    /// Whether a socket can be connected to it, which for UDP sends nothing.
    private static func hasRoute(to entry: addrinfo) -> Bool {
        let type = unsafe entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(entry.ai_family, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return unsafe connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0
    }
}

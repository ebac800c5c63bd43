#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An IPv4 or IPv6 address with a UDP port, held inline in 28 bytes.
public struct SocketAddress: Hashable, Sendable, BitwiseCopyable {
    /// The address family.
    public enum Family: UInt8, Sendable, BitwiseCopyable, CaseIterable {
        /// IPv4.
        case ipv4
        /// IPv6.
        case ipv6
    }

    /// IPv4 or IPv6.
    public let family: Family
    /// The UDP port.
    public var port: UInt16
    /// The IPv6 scope (interface index); 0 for IPv4 and global addresses.
    public let scope: UInt32
    /// The address in network byte order: sixteen bytes for IPv6, the first four for IPv4.
    private let high: UInt64
    private let low: UInt64

    private init(family: Family, port: UInt16, scope: UInt32, high: UInt64, low: UInt64) {
        self.family = family
        self.port = port
        self.scope = scope
        self.high = high
        self.low = low
    }

    /// The IPv4 address `a.b.c.d`.
    public init(ipv4 a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
        var address = in_addr()
        address.s_addr = (UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)).bigEndian
        self.init(address, port: port)
    }

    /// An IPv4 address as the system holds it.
    public init(_ address: in_addr, port: UInt16) {
        self.init(family: .ipv4, port: port, scope: 0, high: UInt64(address.s_addr), low: 0)
    }

    /// An IPv6 address as the system holds it.
    public init(_ address: in6_addr, port: UInt16, scope: UInt32 = 0) {
        let (high, low) = unsafe unsafeBitCast(address, to: (UInt64, UInt64).self)
        self.init(family: .ipv6, port: port, scope: scope, high: high, low: low)
    }

    /// The address at `pointer`; nil when the family is neither IPv4 nor IPv6, or `length` is too short for it.
    @unsafe
    public init?(copying pointer: UnsafeRawPointer, length: Int) {
        guard length >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(unsafe pointer.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let address = unsafe pointer.loadUnaligned(as: sockaddr_in.self)
            self.init(address.sin_addr, port: UInt16(bigEndian: address.sin_port))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            let address = unsafe pointer.loadUnaligned(as: sockaddr_in6.self)
            self.init(
                address.sin6_addr,
                port: UInt16(bigEndian: address.sin6_port),
                scope: address.sin6_scope_id
            )
        default:
            return nil
        }
    }

    /// The bytes a `sockaddr` of this family takes.
    public var socketAddressLength: Int {
        switch family {
        case .ipv4: MemoryLayout<sockaddr_in>.size
        case .ipv6: MemoryLayout<sockaddr_in6>.size
        }
    }

    /// Writes this address as a `sockaddr_in` or `sockaddr_in6` and returns its length.
    ///
    /// - Parameter storage: At least 28 bytes.
    @unsafe
    @discardableResult
    public func copy(to storage: UnsafeMutableRawPointer) -> Int {
        switch family {
        case .ipv4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr = ipv4Address
            unsafe storage.copyMemory(from: &address, byteCount: MemoryLayout<sockaddr_in>.size)
        case .ipv6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = ipv6Address
            address.sin6_scope_id = scope
            unsafe storage.copyMemory(from: &address, byteCount: MemoryLayout<sockaddr_in6>.size)
        }
        return socketAddressLength
    }

    /// The address as the system holds it; meaningful when ``family`` is IPv4.
    public var ipv4Address: in_addr {
        in_addr(s_addr: UInt32(truncatingIfNeeded: high))
    }

    /// The address as the system holds it; meaningful when ``family`` is IPv6.
    public var ipv6Address: in6_addr {
        unsafe unsafeBitCast((high, low), to: in6_addr.self)
    }

    /// An IPv4 address, or the first 64 bits of an IPv6 address. No two differ only in the family: ::/64 and those next to
    /// it hold no addresses of hosts but ::1. RFC 4291 §2.4.
    var prefixBits: UInt64 {
        switch family {
        case .ipv4: UInt64(UInt32(bigEndian: ipv4Address.s_addr))
        case .ipv6: UInt64(bigEndian: high)
        }
    }

    /// Whether this is 0.0.0.0 or [::], which stand for every address of the host.
    public var isUnspecified: Bool {
        high == 0 && low == 0
    }

    /// Whether this is in 127.0.0.0/8 or is [::1].
    public var isLoopback: Bool {
        switch family {
        case .ipv4: UInt32(bigEndian: ipv4Address.s_addr) >> 24 == 127
        case .ipv6: high == 0 && low == UInt64(1).bigEndian
        }
    }
}

extension SocketAddress: LosslessStringConvertible {
    /// An address and port as people write them, `127.0.0.1:4433` or `[::1]:4433`; nil for anything else.
    ///
    /// Host names are not looked up.
    public init?(_ description: String) {
        // inet_pton reads no further than a NUL.
        guard let colon = description.lastIndex(of: ":"), !description.utf8.contains(0) else { return nil }
        let digits = description[description.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        var host = description[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            var address = in6_addr()
            guard unsafe inet_pton(AF_INET6, String(host), &address) == 1 else { return nil }
            self.init(address, port: port)
        } else {
            var address = in_addr()
            guard unsafe inet_pton(AF_INET, String(host), &address) == 1 else { return nil }
            self.init(address, port: port)
        }
    }

    /// The address and port, `127.0.0.1:4433` or `[::1]:4433`.
    public var description: String {
        switch family {
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        }
    }

    /// The address without its port or brackets.
    public var host: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            let written =
                switch family {
                case .ipv4:
                    unsafe withUnsafePointer(to: ipv4Address) {
                        unsafe inet_ntop(AF_INET, $0, text.baseAddress, socklen_t(text.count))
                    }
                case .ipv6:
                    unsafe withUnsafePointer(to: ipv6Address) {
                        unsafe inet_ntop(AF_INET6, $0, text.baseAddress, socklen_t(text.count))
                    }
                }
            return unsafe written.map { unsafe String(cString: $0) } ?? "?"
        }
    }
}

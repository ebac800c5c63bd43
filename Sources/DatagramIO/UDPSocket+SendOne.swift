import CShims
public import Datagrams

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension UDPSocket {
    /// Sends one datagram of any length, none and more than a path carries included, as attackers and tests do.
    ///
    /// - Returns: Whether the system took it. What it does not take is counted (``SocketStatistics/sendErrors``).
    public mutating func sendOne(_ datagram: RawSpan, to peer: SocketAddress) -> Bool {
        var storage = qh_address()
        let length = peer.write(to: &storage)
        let sent = unsafe datagram.withUnsafeBytes { bytes in
            unsafe withUnsafePointer(to: &storage) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe sendto(descriptor.rawValue, bytes.baseAddress, bytes.count, 0, $0, length)
                }
            }
        }
        guard sent >= 0 else {
            statistics.sendErrors += 1
            return false
        }
        statistics.datagramsSent += 1
        statistics.bytesSent += UInt64(sent)
        return true
    }
}

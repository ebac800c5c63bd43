internal import CNgtcp2
import Datagrams

/// Two socket addresses in the form ngtcp2 wants them, on the stack of the call that needs them.
@unsafe
struct NativePath {
    private var local = sockaddr_in6()
    private var remote = sockaddr_in6()
    private let localLength: Int
    private let remoteLength: Int

    init(_ path: NetworkPath) {
        unsafe localLength = withUnsafeMutableBytes(of: &local) { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe path.local.copy(to: base)
        }
        unsafe remoteLength = withUnsafeMutableBytes(of: &remote) { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe path.remote.copy(to: base)
        }
    }

    mutating func withPath<Result>(_ body: (UnsafePointer<ngtcp2_path>) -> Result) -> Result {
        let localLength = unsafe localLength
        let remoteLength = unsafe remoteLength
        return unsafe withUnsafeMutableBytes(of: &local) { local in
            unsafe withUnsafeMutableBytes(of: &remote) { remote in
                var path = unsafe ngtcp2_path(
                    local: ngtcp2_addr(
                        addr: local.assumingMemoryBound(to: sockaddr.self).baseAddress,
                        addrlen: ngtcp2_socklen(localLength)
                    ),
                    remote: ngtcp2_addr(
                        addr: remote.assumingMemoryBound(to: sockaddr.self).baseAddress,
                        addrlen: ngtcp2_socklen(remoteLength)
                    ),
                    user_data: nil
                )
                return unsafe body(&path)
            }
        }
    }
}

extension SocketAddress {
    init?(_ address: ngtcp2_addr) {
        guard let pointer = unsafe address.addr else { return nil }
        unsafe self.init(copying: UnsafeRawPointer(pointer), length: Int(address.addrlen))
    }
}

extension NetworkPath {
    init?(_ path: ngtcp2_path) {
        guard let local = unsafe SocketAddress(path.local), let remote = unsafe SocketAddress(path.remote) else {
            return nil
        }
        self.init(local: local, remote: remote)
    }
}

extension MonotonicInstant {
    /// The moment in ngtcp2's form, in which `UINT64_MAX` means no moment at all, as ``distantFuture`` does here.
    var native: ngtcp2_tstamp { nanoseconds }
}

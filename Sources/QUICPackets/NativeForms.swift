package import CNgtcp2
package import Datagrams

extension ConnectionID {
    package init(_ cid: ngtcp2_cid) {
        var cid = cid
        let length = min(Int(cid.datalen), 20)
        let copy = unsafe withUnsafeBytes(of: &cid.data) { data in
            ConnectionID(unsafe UnsafeRawBufferPointer(rebasing: data[..<length]).bytes)
        }
        guard let copy else { preconditionFailure("an ngtcp2_cid is at most 20 bytes") }
        self = copy
    }

    package var native: ngtcp2_cid {
        var cid = ngtcp2_cid()
        withBytes { bytes in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe ngtcp2_cid_init(&cid, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            }
        }
        return cid
    }

    package func withNative<Result>(_ body: (UnsafePointer<ngtcp2_cid>) -> Result) -> Result {
        unsafe withUnsafePointer(to: native) { unsafe body($0) }
    }
}

extension SocketAddress {
    package func withNative<Result>(_ body: (UnsafePointer<sockaddr>?, ngtcp2_socklen) -> Result) -> Result {
        var storage = sockaddr_in6()
        return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress else { return body(nil, 0) }
            let length = unsafe copy(to: base)
            return unsafe body(base.assumingMemoryBound(to: sockaddr.self), ngtcp2_socklen(length))
        }
    }
}

extension Duration {
    /// This duration in ngtcp2's form, an `ngtcp2_duration`; none is negative.
    package var nativeNanoseconds: UInt64 { UInt64(max(0, wholeNanoseconds)) }
}

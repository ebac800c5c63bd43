package import Datagrams
package import TextValues

/// Addresses to listen on, as people write them: `127.0.0.1:4433`, `[::1]:4433`.
package enum AddressText {
    /// The address that `text` says; port 0 lets the system choose one.
    ///
    /// - Throws: ``TextValueError`` for anything but an IPv4 address, or an IPv6 address in brackets, with a port.
    package static func parse(_ text: String) throws(TextValueError) -> SocketAddress {
        guard let address = SocketAddress(text) else {
            let accepted = "an IPv4 address or a bracketed IPv6 address with a port, such as 127.0.0.1:4433 or [::1]:0"
            throw TextValueError(text: text, kind: "an address to listen on", accepted: accepted)
        }
        return address
    }

    /// The address of this host only that `text` says.
    ///
    /// - Throws: ``TextValueError`` for an address that other hosts could reach, too.
    package static func parseLoopback(_ text: String) throws(TextValueError) -> SocketAddress {
        let address = try parse(text)
        guard address.isLoopback else {
            let accepted = "an address in 127.0.0.0/8 or [::1], as statistics are for this host only"
            throw TextValueError(text: text, kind: "a loopback address", accepted: accepted)
        }
        return address
    }
}

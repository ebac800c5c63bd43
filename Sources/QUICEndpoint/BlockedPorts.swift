/// Source ports from which no client of QUIC comes: those of UDP services that answer anything, or that others are made
/// to answer.
///
/// Our answer to a packet from one of them would set off another (RFC 9000 §21.8), or would carry on an attack with forged
/// source addresses. Ports of services that answer from another port, such as TFTP, are not here. RFC 6056 has the
/// ports that clients choose from: 1,024 and above, of which six are here.
public enum BlockedPorts {
    /// Every such port, in order.
    public static let all: [UInt16] = [
        0,  // nothing can be sent there
        7,  // Echo
        13,  // Daytime
        17,  // Quote of the Day
        19,  // Character Generator
        37,  // Time
        53,  // DNS
        111,  // portmapper
        123,  // NTP
        137,  // NetBIOS names
        138,  // NetBIOS datagrams
        161,  // SNMP
        389,  // CLDAP
        500,  // IKE
        1_900,  // SSDP
        3_283,  // Apple Remote Desktop
        3_702,  // WS-Discovery
        5_353,  // multicast DNS
        5_355,  // LLMNR
        11_211,  // memcached
    ]

    /// Whether `port` is one of them. A few nanoseconds, and less above the last one.
    public static func contains(_ port: UInt16) -> Bool {
        guard port <= 11_211 else { return false }
        return all.contains(port)
    }
}

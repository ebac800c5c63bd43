/// When a connection begins to look for a larger path MTU.
///
/// ngtcp2 probes as soon as it is given room for a probe, so a connection that is idle or short gets none. RFC 9000 §14.3: endpoints
/// SHOULD use DPLPMTUD to determine whether the path supports larger datagrams.
struct PathMTUDiscovery {
    /// RFC 9000 §14: the smallest allowed maximum datagram size.
    static let smallestMaximumDatagramBytes = 1_200

    /// Bytes of packets sent, as far as they matter.
    private var transmittedBytes: UInt32 = 0

    /// Counts bytes until there are as many as discovery waits for.
    mutating func noteTransmitted(_ count: Int) {
        guard transmittedBytes < TransportConfiguration.pathMTUDiscoveryBytes else { return }
        transmittedBytes += UInt32(count)
    }

    /// How many bytes a packet may take.
    ///
    /// - Parameter largest: The largest packet that ngtcp2 writes, probes included.
    func packetBytesLimit(_ largest: @autoclosure () -> Int) -> Int {
        transmittedBytes >= TransportConfiguration.pathMTUDiscoveryBytes
            ? largest() : Self.smallestMaximumDatagramBytes
    }
}

/// What one connection may use, on either side.
public struct TransportConfiguration: Sendable {
    /// How long a silent connection lives; the smaller of both sides' counts. Default 30 s. At a client zero stands for no limit of its
    /// own; a server accepts 10 ms to 24 h. RFC 9000 §10.1.
    public var idleTimeout: Duration = .seconds(30)
    /// How long a handshake may take. Default 10 s. ngtcp2 has no such deadline by default.
    public var handshakeTimeout: Duration = .seconds(10)
    /// How long packets may be in flight without one being acknowledged, although the peer is heard; nil for ever. Default
    /// 16 s, as msquic's disconnect timeout: PINGs refresh the idle timeout while nothing is acknowledged. A peer that is not
    /// heard is the idle timeout's: its path may heal.
    public var acknowledgementTimeout: Duration? = .seconds(16)
    /// How long a connection may go without progress; nil for ever. Default 60 s. It ends peers that only keep
    /// themselves alive, or send a byte now and then. RFC 9000 §21.6.
    ///
    /// Progress is ``minimumProgressBytes`` on its streams, a stream that ends with FIN both ways and acknowledged, and the
    /// first bidirectional stream after a time without one.
    public var noProgressTimeout: Duration? = .seconds(60)
    /// How many bytes, received in order or acknowledged on all streams together, are progress. Default 256: a connection
    /// lives with 64 bytes echoed every 20 s on one stream, and not with one byte a second. 1 for any byte at all.
    public var minimumProgressBytes = 256
    /// How long a connection may last at all; nil for ever, the default. ngtcp2's pools inside a connection never shrink.
    public var lifetime: Duration?
    /// How many bytes ngtcp2's pools may keep of a connection when its last stream has closed; nil, the default, for as
    /// many as they grew to. A connection that keeps more is closed, so that its client opens a fresh one.
    public var retainedBytesLimit: Int?
    /// How far ahead of what was released a peer may send on one stream. Default 32 KiB, growing to 16 MiB. RFC 9000 §4.1.
    public var streamWindow = WindowRange(initialBytes: 32 << 10, maximumBytes: 16 << 20)
    /// The same for all streams together: the bytes that a peer may make this side hold for them. Default 64 KiB, growing
    /// to 16 MiB. RFC 9000 §4.1.
    public var connectionWindow = WindowRange(initialBytes: 64 << 10, maximumBytes: 16 << 20)
    /// Bidirectional streams the peer may have open, about 580 bytes each. Default 16. RFC 9000 §4.6.
    public var peerBidirectionalStreams = 16
    /// Unidirectional streams the peer may have open. Default 0: refused by limit. RFC 9000 §4.6.
    public var peerUnidirectionalStreams = 0
    /// Bytes of transport a connection may hold until its handshake is complete. Default 48 KiB: an honest one needs
    /// 30,000, and a spray of CRYPTO frames is stopped at its first datagram. A server whose certificate chain needs more has
    /// more, for chains of up to ``certificateChainBytesGranted``.
    public var handshakeBytesLimit = 48 * 1024
    /// The bytes of the server's certificate chain, as its endpoint knows them.
    package var certificateChainBytes = 0
    /// Whether the server asks its clients for certificates, as its endpoint knows it.
    package var asksForCertificates = false
    /// Bytes of transport and echo a connection may hold at most once established. Default 24 MiB. It may hold
    /// 192 KiB at once, and more as its windows and its congestion window grow.
    public var connectionBytesLimit = 24 << 20
    /// How the rate of a path is found. Default CUBIC.
    public var congestionControl = CongestionControl.cubic
    /// Datagrams of one connection that are handled before other connections have their turn, at least 1. Default 32.
    public var datagramsPerTurn = 32
    /// Datagrams of one connection that may wait for its next turn; one more is dropped. Default 64; 0 for none.
    public var waitingDatagrams = 64
    /// Bytes of those datagrams together. Default 32 KiB: with a turn's share they are as much as a connection window.
    public var waitingDatagramBytes = 32 * 1024
    /// The largest DATAGRAM frame that the peer may send, in bytes, with its type and length; 0, the default, for none: such a frame
    /// then ends the connection with PROTOCOL_VIOLATION. 65,535 for any that fits into a packet. RFC 9221 §3.
    ///
    /// No memory is kept for it: a datagram goes to the service at once, in ``StreamService/receive(datagram:on:)``. What this side
    /// sends depends on the peer alone.
    public var datagramFrameBytesLimit = 0
    /// Datagrams of one connection that wait to be sent in DATAGRAM frames; one more displaces the oldest. Default 128, 2 bytes
    /// each; 0 to send none. ``Connection/sendDatagram(_:)-(RawSpan)``.
    public var queuedDatagrams = 128
    /// Bytes of those datagrams together; the oldest make room. Default 64 KiB, within ``connectionBytesLimit``.
    public var queuedDatagramBytes = 64 * 1024
    /// Packets a second that may bring nothing, from which on their connection is closed; nil for any number. Default 50,000.
    /// A packet is to bring bytes of streams, in order or acknowledged; 32 of them make up for another. RFC 9000 §21.9.
    public var uselessPacketsPerSecond: Int? = 50_000
    /// The same while the thread has no time left; nil for the limit of other times. Default 10,000.
    public var uselessPacketsPerSecondWhenBusy: Int? = 10_000
    /// Whether a server sends a ticket for resumption, about 300 bytes until acknowledged. Default true. RFC 8446 §4.6.1.
    public var sendsSessionTicket = true
    /// The versions that a server moves clients to which offer them, the best first; empty for none. Default: version 2, then
    /// version 1. RFC 9368 §2.3.
    public var preferredVersions = [QUICVersion.v2, .v1]
    /// The versions that a client offers beside the one it begins with. Default: none. RFC 9368 §3.
    public var offeredVersions: [QUICVersion] = []
    /// Whether to probe for packets larger than 1,200 bytes once a connection has sent ``pathMTUDiscoveryBytes``. Default
    /// true. RFC 8899.
    public var discoversPathMTU = true
    /// Whether a server follows a client to another address, such as one whose NAT gives it another port. Where it does not,
    /// datagrams from elsewhere are dropped, and the client has to connect again. RFC 9000 §9.
    ///
    /// Default: with the versions of ngtcp2 for which it is known that no client can end the process by what it does
    /// meanwhile. ``QUICPackets/LinkedLibraries/followsClientsSafely``.
    public var allowsMigration = LinkedLibraries.followsClientsSafely

    /// Whether the budget keeps a window's worth for each connection, so that what peers are promised is never more than there
    /// is. Default false: most connections are idle most of the time. ``BoundedMemory/MemoryBudget/overcommitment``.
    public var keepsWindowsWorth = false

    /// Where the packets of each connection are logged; nil, the default, for nowhere, which costs nothing. Each connection is kept
    /// 12.6 KB more where they are.
    public var qlog: QlogDirectory?

    /// Bytes kept for each established connection, in all classes. What it holds above them it borrows.
    public var floorBytes: Int {
        let windowBytes = keepsWindowsWorth ? connectionWindow.initialBytes + connectionWindow.initialBytes / 8 : 0
        return Self.restingBytes + windowBytes + qlogBytes
    }

    /// Bytes of transport a connection may hold until its handshake is complete, with room for the server's chain.
    package var handshakeBytesLimitWithChain: Int {
        let limit = handshakeBytesLimit + qlogTransportBytes
        guard certificateChainBytes > Self.shortChainBytes else { return limit }
        let granted = min(certificateChainBytes, Self.certificateChainBytesGranted)
        return max(limit, Self.handshakeBytes(withChainOf: granted) + qlogTransportBytes)
    }

    /// The bytes of ngtcp2 that a handshake may still take which has `transportBytes` of it, and some for what its end brings.
    func handshakeBytesLeft(beside transportBytes: Int) -> Int {
        let usual = Self.handshakeBytesMinimum + max(0, certificateChainBytes - Self.shortChainBytes)
        return max(0, usual - transportBytes) + Self.handshakeEndBytes
    }

    /// Bytes kept for each handshake in flight, in all classes.
    package var handshakeFloorBytes: Int {
        // One copy is ngtcp2's, and one is GnuTLS's.
        Self.handshakeFloorBytes + 2 * max(0, certificateChainBytes - Self.chainBytesWithinFloor)
            + (asksForCertificates ? Self.clientCertificateFloorBytes : 0) + qlogBytes
    }

    /// All CRYPTO bytes of a client during its handshake, with its certificates where it is asked for some.
    package var handshakeCryptoBytesLimit: Int {
        Self.handshakeCryptoBytesLimit + (asksForCertificates ? Self.clientCertificateMessageBytesLimit : 0)
    }

    /// The longest certificate chain whatever else is configured, in bytes of DER.
    package var certificateChainBytesLimit: Int {
        Self.transcriptBytesLimit - handshakeCryptoBytesLimit - Self.serverMessagesBytes
    }

    /// The bytes of transport that handshakes need whose server has a certificate chain of `chainBytes`, with the longest
    /// ClientHello and with losses: ngtcp2 keeps what it has sent until it is acknowledged.
    package static func handshakeBytes(withChainOf chainBytes: Int) -> Int { handshakeBytesBesidesChain + chainBytes }

    /// The largest window that ``connectionBytesLimit`` has room for, or ``connectionWindow`` where that is less.
    var largestConnectionWindowBytes: Int {
        let fitting = (connectionBytesLimit - Self.bytesLimit(ofWindow: 0, borrowed: 0)) / 9 * 8
        return max(connectionWindow.initialBytes, min(connectionWindow.maximumBytes, fitting))
    }

    /// The defaults.
    public init() {}

    /// The first thing in it with which no connection could work, in a sentence; nil where there is none.
    ///
    /// - Parameter peer: The other side: `client` or `server`.
    package func flaw(towards peer: String) -> String? {
        guard handshakeBytesLimit >= Self.handshakeBytesMinimum else {
            return "a handshake memory limit of \(handshakeBytesLimit) bytes fails every handshake; "
                + "at least \(Self.handshakeBytesMinimum) bytes are needed"
        }
        guard Self.datagramFrameBytesAccepted.contains(datagramFrameBytesLimit) else {
            return "DATAGRAM frames of \(datagramFrameBytesLimit) bytes were allowed to a \(peer); "
                + "accepted are \(Self.datagramFrameBytesAccepted) bytes"
        }
        let streams = [peerBidirectionalStreams, peerUnidirectionalStreams]
        return streams.first { !Self.streamsAccepted.contains($0) }
            .map { "\($0) streams of a \(peer) were allowed; accepted are \(Self.streamsAccepted)" }
    }

    /// The values accepted for ``datagramFrameBytesLimit``.
    public static let datagramFrameBytesAccepted = 0...65_535
    /// The streams of one direction that a peer may be allowed at once. ngtcp2 aborts from 2^62 on; RFC 9000 §4.6 ends at 2^60.
    package static let streamsAccepted = 0...65_536
    /// The largest UDP payload accepted, in bytes. ngtcp2's decryption buffer grows to the largest one and stays.
    public static let receivedDatagramBytesLimit = 1_500
    /// Bytes of transport and echo that an established connection may hold besides its window's worth: 28 KB idle, packets
    /// in flight, a chunk of 8 KiB for a few streams, and some gaps.
    static let besidesWindowBytes = 120 << 10

    /// The bytes of transport and echo that a connection may hold whose receive window is `windowBytes` and that has borrowed
    /// `borrowed` for packets in flight.
    ///
    /// A byte of the window is in ngtcp2's chunks until those before it are there, and then in our queue. Honest reordering
    /// of a whole window costs 1.01 to 1.10 times the window; flow control alone would let a hostile peer make 16 streams
    /// cost 1.9 MB with gaps.
    package static func bytesLimit(ofWindow windowBytes: Int, borrowed: Int) -> Int {
        besidesWindowBytes + windowBytes + windowBytes / 8 + borrowed
    }

    /// The bytes that `count` open streams may take on top of that, each of them with a gap in front of what arrived.
    ///
    /// ngtcp2 keeps what is out of order in chunks of 8 KiB, so a few packets on both sides of a border take two of them.
    /// Five such streams have room beside the window's worth.
    package static func bytesLimit(ofStreams count: Int, window windowBytes: Int) -> Int {
        let broken = min(count, windowBytes / PathMTUDiscovery.smallestMaximumDatagramBytes + 1)
        return max(0, broken - brokenStreamsWithinWindow) * brokenStreamBytes
    }

    /// Two chunks of 8 KiB, their entries, a gap, and the stream itself.
    private static let brokenStreamBytes = 19 << 10
    private static let brokenStreamsWithinWindow = 5

    /// Bytes kept for each handshake in flight, in all classes: 48 KiB of transport, and up to 40 KB in GnuTLS.
    public static let handshakeFloorBytes = 88 << 10
    /// The longest certificate chain that a server has room for without a larger ``handshakeBytesLimit``, in bytes of DER.
    public static let certificateChainBytesGranted = 32 << 10
    /// The bytes ngtcp2 needs for a handshake with a short chain: with 28,000 every one fails.
    package static let handshakeBytesMinimum = 30_000
    /// Bytes that are free of a handshake's limit beside all that waits: its last datagram takes about a kilobyte more.
    private static let handshakeEndBytes = 4 << 10
    /// Bytes of a chain that are within that minimum.
    private static let shortChainBytes = 1 << 10
    /// The bytes ngtcp2 needs besides the chain when the longest ClientHello arrives out of order: 42,500 bytes, rounded up.
    package static let handshakeBytesBesidesChain = 44 << 10
    /// Bytes of a chain that are within ``handshakeFloorBytes``.
    private static let chainBytesWithinFloor = 4 << 10
    /// Bytes an established connection holds in all classes after an echo of 64 bytes, rounded up.
    static let restingBytes = 32 << 10
    /// Bytes a connection has sent when it begins to probe for larger packets: an idle or short one never does.
    public static let pathMTUDiscoveryBytes = 64 << 10
    /// The length of the connection IDs issued here, in bytes. RFC 9000 §5.1.
    public static let connectionIDLength = ConnectionID.issuedBytes
    /// A client's whole first flight of TLS must fit; larger ones end with an alert.
    static let clientHelloBytesLimit = 8 * 1024
    /// The longest message with a client's certificates: 8 bytes, and for each certificate 5 and its DER. RFC 8446 §4.4.2.
    public static let clientCertificateMessageBytesLimit = ClientAuthentication.certificateMessageBytesLimit
    /// Bytes kept for each handshake of a server that asks for certificates: the message in ngtcp2, and twice in GnuTLS.
    package static let clientCertificateFloorBytes = 3 * clientCertificateMessageBytesLimit
    /// All CRYPTO bytes of a client during its handshake: two such messages, in case it is asked for another, and Finished.
    package static let handshakeCryptoBytesLimit = 2 * clientHelloBytesLimit + 1_024
    /// The bytes of all messages of a handshake on both sides, as GnuTLS limits them.
    package static let transcriptBytesLimit = TLSServerContext.transcriptBytesLimit
    /// A server's messages but for its certificates: hellos, extensions, a signature and a MAC.
    package static let serverMessagesBytes = 4 << 10
    /// What ``handshakeBytesLimit`` has to be for clients of servers with chains of up to ``certificateChainBytesGranted``.
    public static let handshakeBytesLimitOfClients = handshakeBytes(withChainOf: certificateChainBytesGranted)
}

// MARK: - Logs

extension TransportConfiguration {
    /// Bytes of transport that a log takes: ngtcp2's buffer of 4 KiB, as the allocator rounds it.
    var qlogTransportBytes: Int { qlog == nil ? 0 : Self.qlogNativeBytes }

    /// Bytes that a log takes of a connection, in all classes.
    package var qlogBytes: Int { qlog == nil ? 0 : Self.qlogNativeBytes + QlogFile.bufferBytes + Self.qlogObjectBytes }

    private static let qlogNativeBytes = 4_096 + 64
    /// Our own object and the allocator's part of the buffer, rounded up.
    private static let qlogObjectBytes = 256
}

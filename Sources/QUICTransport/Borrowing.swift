import BoundedMemory
import Datagrams

/// The memory a connection borrows above its floor: receive windows that have grown, and packets in flight.
///
/// It decides how much may be promised to the peer, queued by the application and sent; the connection carries it out. It reads the state of
/// the connection it belongs to, and changes the limits of its account.
///
/// Owns: a share of the process's commitments. Released by: ``withdrawCommitment(of:)``.
/// Bound: ``TransportConfiguration/connectionBytesLimit``.
struct Borrowing {
    /// Bytes that the peer may send beyond those it was allowed before. RFC 9000 §4.1.
    struct Credit {
        /// On one stream.
        var streamBytes: UInt64 = 0
        /// On all streams together.
        var connectionBytes: UInt64 = 0
    }

    /// The flow control window of all its streams together.
    private var window: ReceiveWindow
    /// The bytes it may have in flight.
    private var allowance = SendAllowance()
    /// Bytes promised to the peer above the initial window, as the budget knows them.
    private var promisedBytes: UInt32 = 0
    /// The largest window since the last quiet time, which ``MemoryAccount/bytesLimit`` makes room for.
    private var largestWindowBytes: UInt32
    /// The most that was ever granted for packets in flight: ngtcp2's pools keep as much.
    private var largestGrantedBytes: UInt32 = 0
    /// The bytes that ngtcp2's pools may keep of gaps in earlier windows.
    private var gapPoolBytes: UInt32 = 0
    /// The least that ngtcp2 held of this connection while no stream was open.
    private var leanTransportBytes = UInt32.max
    /// The most that its queue of datagrams may come to; 0 without one.
    private var datagramQueueBytes: UInt32 = 0
    /// The most streams that were open at once since the last quiet time.
    private var largestStreamCount: UInt16 = 0
    /// Whether stream data was consumed or sent since the last review.
    private var wasUsed = false
    /// When to look whether the connection is quiet; the distant future while it has borrowed nothing.
    private(set) var reviewDeadline = MonotonicInstant.distantFuture

    init(account: MemoryAccount, configuration: TransportConfiguration) {
        let windowBytes = configuration.connectionWindow.initialBytes
        window = ReceiveWindow(initialBytes: windowBytes)
        largestWindowBytes = UInt32(clamping: windowBytes)
        account.floorBytes = configuration.handshakeFloorBytes
        account.bytesLimit = configuration.handshakeBytesLimitWithChain
    }

    /// The handshake is complete: from now on the larger limit holds.
    mutating func establish(_ connection: Connection) {
        let account = connection.account
        account.floorBytes = connection.configuration.floorBytes
        // Early data of our own may fill more.
        let filled = connection.earlyData == .offered ? account.bytesLimit : 0
        account.bytesLimit = max(Self.restingBytesLimit(connection.configuration), filled)
        makeRoomForStreams(of: connection)
    }

    /// Stream data is sent or received: the connection is not quiet.
    mutating func noteUse() {
        wasUsed = true
    }
}

// MARK: - Receive windows

extension Borrowing {
    /// The size that the window of the connection has, or shrinks to.
    var windowBytes: Int { window.targetBytes }

    /// The bytes the peer may send ahead of what was consumed.
    var outstandingBytes: Int { window.outstandingBytes }

    /// Whether the window has grown.
    func hasGrown(beyond initialBytes: Int) -> Bool { window.targetBytes > initialBytes }

    /// Bytes promised to the peer above the initial window.
    var committedBytes: Int { Int(promisedBytes) }

    /// Takes note that `count` bytes of `stream` were consumed.
    ///
    /// - Returns: The credit that is due to the peer.
    mutating func consume(_ count: Int, of stream: Stream) -> Credit {
        stream.window.consume(count)
        window.consume(count)
        var credit = noteHandled(stream)
        credit.streamBytes += takeCredit(of: stream)
        credit.connectionBytes += takeCredit(of: stream.connection)
        return credit
    }

    /// Takes note that the bytes of `stream`, which is no longer there, count as consumed.
    ///
    /// - Returns: The credit that is due on all streams together.
    mutating func consumeRest(of stream: Stream) -> UInt64 {
        window.skip(stream.unhandledBytes)
        window.consume(Int(stream.unconsumedBytes))
        return takeCredit(of: stream.connection)
    }

    /// Takes note of what the application did with the bytes of `stream`: its windows grow when it is fast.
    mutating func noteHandled(_ stream: Stream) -> Credit {
        var credit = Credit()
        let count = stream.newlyHandledBytes
        guard count > 0 else { return credit }
        wasUsed = true
        let connection = stream.connection
        if let nanoseconds = stream.window.handle(count, at: connection.now), connection.mayBorrow,
            Self.isFast(nanoseconds, in: stream.window, of: connection)
        {
            credit.streamBytes = growWindow(of: stream)
        }
        if let nanoseconds = window.handle(count, at: connection.now), connection.mayBorrow,
            Self.isFast(nanoseconds, in: window, of: connection)
        {
            credit.connectionBytes = growWindow(of: connection)
        }
        return credit
    }

    /// The largest `window` that makes the peer faster.
    ///
    /// Bytes whose answers wait for acknowledgements come at the pace of our congestion window. One such window is in flight, one
    /// on its way to us, and in slow start twice as much is wanted a round trip later. A larger receive window would fill our
    /// queue: without a bound an echo over 50 ms held 16 MB of which 2 MB were in flight, and a peer that acknowledges nothing
    /// could have as much.
    private static func usefulBytes(of window: ReceiveWindow, initialBytes: Int, _ connection: Connection) -> Int {
        guard window.answeredBytes > initialBytes else { return .max }
        let path = connection.pathState
        let congestionWindow = Int(clamping: min(path.congestionWindowBytes, 1 << 40))
        let windows = path.slowStartThresholdBytes < .max ? windowsAfterSlowStart : windowsInSlowStart
        return max(initialBytes, min(windows * congestionWindow, 3 * congestionWindow + reorderingBytes))
    }

    /// In slow start, which a peer that acknowledges nothing never leaves.
    private static let windowsInSlowStart = 12
    /// The queue of an echo keeps both of its directions busy while one of them recovers from a loss, which takes CUBIC some ten round
    /// trips: with twelve windows an echo on a path that loses one packet in a hundred had 6 % less.
    private static let windowsAfterSlowStart = 48

    /// The bytes that a peer may have sent behind a gap while the lost packet comes once more.
    private static let reorderingBytes = 512 << 10

    private func takeCredit(of stream: Stream) -> UInt64 {
        let initialBytes = stream.connection.configuration.streamWindow.initialBytes
        return Self.takeCredit(of: &stream.window, initialBytes: initialBytes, stream.connection)
    }

    private mutating func takeCredit(of connection: Connection) -> UInt64 {
        let initialBytes = connection.configuration.connectionWindow.initialBytes
        let credit = Self.takeCredit(of: &window, initialBytes: initialBytes, connection)
        settleCommitment(of: connection)
        return credit
    }

    /// The credit that is due once `window` is no larger than there is memory and use for.
    private static func takeCredit(
        of window: inout ReceiveWindow,
        initialBytes: Int,
        _ connection: Connection
    ) -> UInt64 {
        if connection.environment.share.pressure >= .shrinking { window.resize(to: initialBytes) }
        guard window.isCreditDue else { return 0 }
        window.resize(to: min(window.targetBytes, usefulBytes(of: window, initialBytes: initialBytes, connection)))
        return window.takeCredit()
    }

    /// Whether a quarter of `window` was handled in so little time that the window may be what the peer waits for: within a
    /// round trip, or, on a path shorter than the ticks of a busy host, within some of those.
    ///
    /// Chromium and quic-go take half a window in two round trips, which is as fast; a quarter is seen earlier. The bytes of an
    /// echo are consumed a round trip after they were received, so that it gets half its window in each: to keep up with
    /// slow start, which doubles as fast, it has two round trips. ``usefulBytes(of:initialBytes:_:)`` is the bound then.
    private static func isFast(_ nanoseconds: UInt64, in window: ReceiveWindow, of connection: Connection) -> Bool {
        let roundTrip = connection.pathState.smoothedRoundTripNanoseconds
        return nanoseconds <= max(window.answeredBytes > 0 ? roundTrip * 2 : roundTrip, ticksNanoseconds)
    }

    /// Some ticks of a busy host.
    private static let ticksNanoseconds: UInt64 = 5_000_000

    /// Doubles the window of `stream`, within what makes its peer faster.
    ///
    /// - Returns: The credit that is due on the stream.
    private mutating func growWindow(of stream: Stream) -> UInt64 {
        let limits = stream.connection.configuration.streamWindow
        let bytes = stream.window.targetBytes
        let useful = Self.usefulBytes(of: stream.window, initialBytes: limits.initialBytes, stream.connection)
        let larger = min(2 * bytes, limits.maximumBytes, useful)
        guard larger > bytes else { return 0 }
        stream.window.resize(to: larger)
        scheduleReview(of: stream.connection)
        return takeCredit(of: stream)
    }

    /// Doubles the window of the connection, within what makes its peer faster, if the budget has room for it.
    ///
    /// - Returns: The credit that is due on all streams together.
    private mutating func growWindow(of connection: Connection) -> UInt64 {
        let initialBytes = connection.configuration.connectionWindow.initialBytes
        let bytes = window.targetBytes
        let useful = Self.usefulBytes(of: window, initialBytes: initialBytes, connection)
        let larger = min(2 * bytes, connection.configuration.largestConnectionWindowBytes, useful)
        guard larger > bytes,
            connection.environment.share.admitsCommitment(of: larger - bytes, beside: committedBytes)
        else { return 0 }
        window.resize(to: larger)
        largestWindowBytes = max(largestWindowBytes, UInt32(clamping: larger))
        raiseBytesLimit(of: connection)
        scheduleReview(of: connection)
        return takeCredit(of: connection)
    }

    /// Tells the budget what the peer was promised above its initial window.
    private mutating func settleCommitment(of connection: Connection) {
        let promised = max(window.targetBytes, window.outstandingBytes)
        let bytes = max(0, promised - connection.configuration.connectionWindow.initialBytes)
        guard bytes != committedBytes else { return }
        connection.environment.share.commit(bytes - committedBytes)
        promisedBytes = UInt32(clamping: bytes)
    }

    /// The end of the connection: its peer can send nothing more.
    mutating func withdrawCommitment(of connection: Connection) {
        connection.environment.share.commit(-committedBytes)
        promisedBytes = 0
        connection.account.floorBytes = 0
    }
}

// MARK: - Packets in flight

extension Borrowing {
    /// How many bytes may be in flight before streams have to wait; borrows for it where it can.
    ///
    /// - Parameter inFlightBytes: How many are now.
    mutating func inFlightLimit(of connection: Connection, whenInFlight inFlightBytes: Int) -> Int {
        // A client may have half of the window in flight before its handshake is complete. A lost ClientHello has to have room in the
        // other half, or nobody would learn of the connection before its early data is given up.
        guard connection.role == .server || !connection.isHandshaking else {
            return Int(clamping: connection.pathState.congestionWindowBytes / 2)
        }
        let limit = allowance.inFlightLimit(allowedBytes: allowedBytes(connection))
        guard inFlightBytes >= limit, borrowForPackets(of: connection) else { return limit }
        return allowance.inFlightLimit(allowedBytes: allowedBytes(connection))
    }

    /// Takes note of what ngtcp2 keeps for a packet: ``SendAllowance/note(packetOf:frameCount:hasDatagrams:)``.
    mutating func note(packetOf byteCount: Int, _ contents: PacketContents) {
        allowance.note(
            packetOf: byteCount,
            frameCount: contents.streamFrameCount,
            hasDatagrams: contents.datagramFrameCount > 0
        )
    }

    /// The bytes that may be kept for packets in flight: what was granted, as long as the process has as much to lend.
    private func allowedBytes(_ connection: Connection) -> Int {
        let granted = SendAllowance.baseBytes + Int(allowance.borrowedBytes)
        let ownQueues = max(0, connection.account.queuedBytes - Int(largestWindowBytes))
        return max(SendAllowance.leastBytes, min(granted - ownQueues, connection.environment.share.borrowableBytes))
    }

    /// How many bytes the application may have queued on a stream that holds `queuedBytes`: two congestion windows, so that
    /// one is there to send when the other is acknowledged, within what the connection may hold or borrow. A short answer
    /// always fits.
    func queueLimit(of connection: Connection, holding queuedBytes: Int) -> Int {
        let account = connection.account
        let window = 2 * Int(clamping: connection.pathState.congestionWindowBytes)
        let wanted = max(connection.configuration.streamWindow.initialBytes, window)
        guard connection.mayBorrow else {
            let free = account.bytesLimit - bytesSpokenFor(account)
            return min(wanted, queuedBytes + max(Self.shortAnswerBytes, free))
        }
        let largest = connection.configuration.connectionBytesLimit
        let borrowable = min(connection.environment.share.borrowableBytes, largest)
        let limit = largest - account.bytesLimit < borrowable ? largest : account.bytesLimit + borrowable
        return max(Self.shortAnswerBytes, min(wanted, queuedBytes + max(0, limit - bytesSpokenFor(account))))
    }

    /// Whether its queue of datagrams may take `bytes` more. The limit is not raised for them, or a peer whose datagrams are answered
    /// could raise it by what it makes ngtcp2 hold: it has room for the whole queue from the first datagram on.
    func hasRoom(forDatagrams bytes: Int, _ account: MemoryAccount) -> Bool {
        account.bytesLimit - bytesSpokenFor(account) >= bytes && account.hasRoom(for: bytes)
    }

    private static let shortAnswerBytes = 256

    /// Lets the connection hold `bytes` more in its queues, which ``queueLimit(of:holding:)`` has allowed.
    ///
    /// The limit comes to the bytes granted and the bytes that the application has queued, at most. Nothing else is a reason for more, or
    /// a peer that is answered could raise it, answer by answer, by what it makes ngtcp2 hold.
    mutating func makeRoom(forQueued bytes: Int, of connection: Connection) {
        let account = connection.account
        // The last segment of a long queue may be longer, and empty but for a byte: the reserve is not for that.
        let largestSegment = ByteQueue.largestSegmentBytes(holding: account.queuedBytes + bytes)
        let queued = bytes + bytes / 64 + largestSegment - ByteQueue.largestSegmentBytes
        // A stream that is written up to its last byte must leave datagrams the room that they were promised.
        let needed = bytesSpokenFor(account) + queued + Int(datagramQueueBytes)
        guard needed > account.bytesLimit, connection.mayBorrow else { return }
        let explained = grantedBytesLimit + account.queuedBytes + queued
        let largest = connection.configuration.connectionBytesLimit
        account.bytesLimit = max(account.bytesLimit, min(needed, explained, largest))
        scheduleReview(of: connection)
    }

    /// The bytes that the connection holds, that its peer may still make it hold, and that are not given to new data.
    private func bytesSpokenFor(_ account: MemoryAccount) -> Int {
        let window = window.outstandingBytes
        return account.limitedBytes + window + window / 8 + SendAllowance.reserveBytes
    }

    /// Doubles what may be borrowed for packets in flight; false when the connection or the process has no more.
    ///
    /// No borrower has more than is left for others: ``MemoryShare/admitsCommitment(of:beside:)`` says why.
    private mutating func borrowForPackets(of connection: Connection) -> Bool {
        let borrowed = Int(allowance.borrowedBytes)
        let rest =
            connection.configuration.connectionBytesLimit
            - TransportConfiguration.bytesLimit(ofWindow: Int(largestWindowBytes), borrowed: 0)
            - Int(datagramQueueBytes)
        let wanted = min(borrowed + max(SendAllowance.baseBytes, borrowed), rest)
        guard connection.mayBorrow, wanted > borrowed, wanted <= connection.environment.share.borrowableBytes else {
            return false
        }
        allowance.borrow(wanted)
        largestGrantedBytes = max(largestGrantedBytes, UInt32(clamping: wanted))
        raiseBytesLimit(of: connection)
        scheduleReview(of: connection)
        return true
    }
}

// MARK: - The limit at the allocator

extension Borrowing {
    /// The most the allocator lets an established connection hold at first; `.max` where it may hold any number of bytes.
    private static func restingBytesLimit(_ configuration: TransportConfiguration) -> Int {
        guard configuration.connectionBytesLimit < .max else { return .max }
        return min(
            configuration.connectionBytesLimit,
            TransportConfiguration.bytesLimit(
                ofWindow: configuration.connectionWindow.initialBytes,
                borrowed: 0
            )
        )
    }

    /// The bytes that its windows and its packets in flight may come to, beside what ngtcp2's pools keep of earlier ones.
    ///
    /// It depends on what was granted and never on what is held, so that no peer raises it by holding more.
    private var grantedBytesLimit: Int {
        let window = Int(largestWindowBytes)
        let pools = Int(largestGrantedBytes) + Int(gapPoolBytes)
        return TransportConfiguration.bytesLimit(ofWindow: window, borrowed: pools)
            + TransportConfiguration.bytesLimit(ofStreams: Int(largestStreamCount), window: window)
            + Int(datagramQueueBytes)
    }

    /// Lets the connection hold what its queue of datagrams may come to, which is `bytes`.
    mutating func makeRoom(forDatagramQueueOf bytes: Int, of connection: Connection) {
        datagramQueueBytes = UInt32(clamping: bytes)
        if !connection.isHandshaking { raiseBytesLimit(of: connection) }
    }

    /// Lets the connection hold what its streams may come to.
    mutating func makeRoomForStreams(of connection: Connection) {
        guard connection.streamCount > largestStreamCount, !connection.isHandshaking else { return }
        largestStreamCount = UInt16(clamping: connection.streamCount)
        raiseBytesLimit(of: connection)
    }

    /// Lets the connection hold what its windows and its packets in flight may come to.
    private func raiseBytesLimit(of connection: Connection) {
        let bytes = min(grantedBytesLimit, connection.configuration.connectionBytesLimit)
        connection.account.bytesLimit = max(connection.account.bytesLimit, bytes)
    }
}

// MARK: - Coming back

extension Borrowing {
    private mutating func scheduleReview(of connection: Connection) {
        guard reviewDeadline == .distantFuture else { return }
        wasUsed = true
        reviewDeadline = connection.now.advanced(by: max(.seconds(1), connection.pathState.smoothedRoundTrip * 8))
    }

    /// Gives back what was borrowed when nothing was consumed or sent since the last review.
    ///
    /// - Returns: Whether the windows of streams have to shrink as well.
    mutating func review(_ connection: Connection) -> Bool {
        guard connection.now >= reviewDeadline else { return false }
        reviewDeadline = .distantFuture
        guard !wasUsed else {
            scheduleReview(of: connection)
            wasUsed = false
            return false
        }
        let initialBytes = connection.configuration.connectionWindow.initialBytes
        window.resize(to: initialBytes)
        allowance.borrow(0)
        largestStreamCount = UInt16(clamping: connection.streamCount)
        // A gap takes 80 bytes of a pool, and there is one for every other packet of 1,200 bytes at most.
        gapPoolBytes = max(gapPoolBytes, largestWindowBytes / 16)
        largestWindowBytes = UInt32(clamping: max(initialBytes, window.outstandingBytes))
        let largest = connection.configuration.connectionBytesLimit
        if largest < .max {
            // Bytes that the application has queued stay until they are acknowledged.
            connection.account.bytesLimit = min(largest, grantedBytesLimit + connection.account.queuedBytes)
        }
        settleCommitment(of: connection)
        return true
    }
}

// MARK: - Closed streams

/// The memory that ngtcp2's pools keep of streams that are closed.
extension Borrowing {
    /// The bytes beyond those that ngtcp2 once did with, while no stream is open.
    func retainedBytes(_ account: MemoryAccount) -> Int {
        max(0, account.liveBytes(of: .transport) - Int(leanTransportBytes))
    }

    /// Takes note of what ngtcp2 holds while no stream is open, as before the first one is.
    ///
    /// That one may come in the datagram that completes the handshake.
    mutating func noteLeanTransport(of connection: Connection) {
        guard !connection.isHandshaking else { return }
        let bytes = UInt32(clamping: connection.account.liveBytes(of: .transport))
        leanTransportBytes = min(leanTransportBytes, bytes)
    }
}

extension Connection {
    /// Whether the connection may hold more than its first limit. Early data does not raise that of a server.
    fileprivate var mayBorrow: Bool { role == .client || !isHandshaking }
}

import BoundedMemory
internal import CNgtcp2
import Datagrams

/// The memory a connection borrows above its floor: receive windows that have grown, and packets in flight.
struct Borrowing {
    /// The flow control window of all its streams together.
    var window: ReceiveWindow
    /// The bytes it may have in flight.
    var allowance = SendAllowance()
    /// When stream data may leave.
    var pacer: SendPacer
    /// Bytes promised to the peer above the initial window, as the budget knows them.
    var committedBytes: UInt32 = 0
    /// The largest window since the last quiet time, which ``MemoryAccount/bytesLimit`` makes room for.
    var largestWindowBytes: UInt32
    /// The most that was ever granted for packets in flight: ngtcp2's pools keep as much.
    var largestGrantedBytes: UInt32 = 0
    /// The bytes that ngtcp2's pools may keep of gaps in earlier windows.
    var gapPoolBytes: UInt32 = 0
    /// The most streams that were open at once since the last quiet time.
    var largestStreamCount: UInt16 = 0
    /// Whether stream data was consumed or sent since the last review.
    var wasUsed = false
    /// When to look whether the connection is quiet; the distant future while it has borrowed nothing.
    var reviewDeadline = MonotonicInstant.distantFuture

    init(windowBytes: Int, at now: MonotonicInstant) {
        pacer = SendPacer(at: now)
        window = ReceiveWindow(initialBytes: windowBytes)
        largestWindowBytes = UInt32(clamping: windowBytes)
    }
}

// MARK: - Receive windows

extension Connection {
    /// Takes note that `count` bytes of `stream` were consumed, and gives the peer the credit that is due.
    func consume(_ count: Int, of stream: Stream) {
        guard count > 0, beginCommand() else { return }
        stream.window.consume(count)
        borrowing.window.consume(count)
        noteHandled(stream)
        giveCredit(to: stream)
        giveCredit()
    }

    /// Takes note that the bytes of `stream`, which is no longer there, count as consumed.
    func consumeRest(of stream: Stream) {
        borrowing.window.skip(stream.unhandledBytes)
        borrowing.window.consume(Int(stream.unconsumedBytes))
        giveCredit()
    }

    /// Takes note of what the application did with the bytes of `stream`: its windows grow when it is fast.
    func noteHandled(_ stream: Stream) {
        let count = stream.newlyHandledBytes
        guard count > 0 else { return }
        borrowing.wasUsed = true
        if let interval = stream.window.handle(count, at: now), isFast(interval, in: stream.window), mayBorrow {
            growWindow(of: stream)
        }
        if let interval = borrowing.window.handle(count, at: now), isFast(interval, in: borrowing.window), mayBorrow {
            growConnectionWindow()
        }
    }

    /// Whether the connection may hold more than its first limit. Early data does not raise that of a server.
    private var mayBorrow: Bool { role == .client || !isHandshaking }

    /// The largest `window` that makes the peer faster.
    ///
    /// Bytes whose answers wait for acknowledgements come at the pace of our congestion window. One such window is in flight, one
    /// on its way to us, and in slow start twice as much is wanted a round trip later. A larger receive window would fill our
    /// queue: without a bound an echo over 50 ms held 16 MB of which 2 MB were in flight, and a peer that acknowledges nothing
    /// could have as much.
    private func usefulBytes(of window: ReceiveWindow, initialBytes: Int) -> Int {
        guard window.answeredBytes > initialBytes else { return .max }
        let congestionWindow = Int(clamping: min(nativeInfo.cwnd, 1 << 40))
        let bytes = min(12 * congestionWindow, 3 * congestionWindow + Self.reorderingBytes)
        return max(initialBytes, bytes)
    }

    /// The bytes that a peer may have sent behind a gap while the lost packet comes once more.
    private static let reorderingBytes = 512 << 10

    private func giveCredit(to stream: Stream) {
        guard native != nil else { return }
        let credit = takeCredit(of: &stream.window, initialBytes: configuration.streamWindow.initialBytes)
        if credit > 0 { native?.extendCredit(of: stream.id, by: credit) }
    }

    private func giveCredit() {
        guard native != nil else { return }
        let credit = takeCredit(of: &borrowing.window, initialBytes: configuration.connectionWindow.initialBytes)
        if credit > 0 { native?.extendCredit(by: credit) }
        settleCommitment()
    }

    /// The credit that is due once `window` is no larger than there is memory and use for.
    private func takeCredit(of window: inout ReceiveWindow, initialBytes: Int) -> UInt64 {
        if environment.share.pressure >= .shrinking { window.resize(to: initialBytes) }
        guard window.isCreditDue else { return 0 }
        window.resize(to: min(window.targetBytes, usefulBytes(of: window, initialBytes: initialBytes)))
        return window.takeCredit()
    }

    /// Whether a quarter of `window` was handled in so little time that the window may be what the peer waits for: within a
    /// round trip, or, on a path shorter than the ticks of a busy host, within some of those.
    ///
    /// Chromium and quic-go take half a window in two round trips, which is as fast; a quarter is seen earlier. The bytes of an
    /// echo are consumed a round trip after they were received, so that it gets half its window in each: to keep up with
    /// slow start, which doubles as fast, it has two round trips. ``usefulBytes(of:initialBytes:)`` is the bound then.
    private func isFast(_ interval: Duration, in window: ReceiveWindow) -> Bool {
        interval <= max(window.answeredBytes > 0 ? roundTrip * 2 : roundTrip, .milliseconds(5))
    }

    /// Doubles the window of `stream`, within what makes its peer faster.
    private func growWindow(of stream: Stream) {
        let bytes = stream.window.targetBytes
        let useful = usefulBytes(of: stream.window, initialBytes: configuration.streamWindow.initialBytes)
        let larger = min(2 * bytes, configuration.streamWindow.maximumBytes, useful)
        guard larger > bytes else { return }
        stream.window.resize(to: larger)
        giveCredit(to: stream)
        scheduleReview()
    }

    /// Doubles the window of the connection, within what makes its peer faster, if the budget has room for it.
    private func growConnectionWindow() {
        let bytes = borrowing.window.targetBytes
        let useful = usefulBytes(of: borrowing.window, initialBytes: configuration.connectionWindow.initialBytes)
        let larger = min(2 * bytes, configuration.largestConnectionWindowBytes, useful)
        guard larger > bytes,
            environment.share.admitsCommitment(of: larger - bytes, beside: Int(borrowing.committedBytes))
        else { return }
        borrowing.window.resize(to: larger)
        borrowing.largestWindowBytes = max(borrowing.largestWindowBytes, UInt32(clamping: larger))
        raiseBytesLimit()
        giveCredit()
        scheduleReview()
    }

    /// Tells the budget what the peer was promised above its initial window.
    private func settleCommitment() {
        let promised = max(borrowing.window.targetBytes, borrowing.window.outstandingBytes)
        let bytes = max(0, promised - configuration.connectionWindow.initialBytes)
        guard bytes != borrowing.committedBytes else { return }
        environment.share.commit(bytes - Int(borrowing.committedBytes))
        borrowing.committedBytes = UInt32(clamping: bytes)
    }

    /// The end of the connection: its peer can send nothing more.
    func withdrawCommitment() {
        environment.share.commit(-Int(borrowing.committedBytes))
        borrowing.committedBytes = 0
    }

    /// The smoothed round-trip time. RFC 9002 §5.3.
    var roundTrip: Duration { .nanoseconds(Int64(clamping: nativeInfo.smoothed_rtt)) }
}

// MARK: - Packets in flight

extension Connection {
    /// How many bytes may be in flight before streams have to wait; borrows for it where it can.
    ///
    /// - Parameter inFlightBytes: How many are now.
    func inFlightLimit(whenInFlight inFlightBytes: Int) -> Int {
        guard role == .server || !isHandshaking else { return earlyInFlightLimit }
        let limit = borrowing.allowance.inFlightLimit(allowedBytes: allowedBytes)
        guard inFlightBytes >= limit, borrowForPackets() else { return limit }
        return borrowing.allowance.inFlightLimit(allowedBytes: allowedBytes)
    }

    /// The bytes that a client may have in flight before its handshake is complete: half of the window. A lost ClientHello has to have
    /// room in the other half, or nobody would learn of the connection before its early data is given up.
    private var earlyInFlightLimit: Int { Int(clamping: nativeInfo.cwnd / 2) }

    /// The bytes that may be kept for packets in flight: what was granted, as long as the process has as much to lend.
    private var allowedBytes: Int {
        let granted = SendAllowance.baseBytes + Int(borrowing.allowance.borrowedBytes)
        let ownQueues = max(0, account.queuedBytes - Int(borrowing.largestWindowBytes))
        return max(SendAllowance.leastBytes, min(granted - ownQueues, environment.share.borrowableBytes))
    }

    /// How many bytes the application may have queued on a stream that holds `queuedBytes`: two congestion windows, so that
    /// one is there to send when the other is acknowledged, within what the connection may hold or borrow. A short answer
    /// always fits.
    func queueLimit(holding queuedBytes: Int) -> Int {
        let wanted = max(configuration.streamWindow.initialBytes, 2 * Int(clamping: nativeInfo.cwnd))
        let borrowable = min(environment.share.borrowableBytes, configuration.connectionBytesLimit)
        let mayBorrow = configuration.connectionBytesLimit - account.bytesLimit
        guard self.mayBorrow else {
            return min(wanted, queuedBytes + max(Self.shortAnswerBytes, account.bytesLimit - bytesSpokenFor))
        }
        let limit = mayBorrow < borrowable ? configuration.connectionBytesLimit : account.bytesLimit + borrowable
        return max(Self.shortAnswerBytes, min(wanted, queuedBytes + max(0, limit - bytesSpokenFor)))
    }

    /// Whether its queue of datagrams may take `bytes` more. The limit is not raised for them, or a peer whose datagrams are answered
    /// could raise it by what it makes ngtcp2 hold: it has room for the whole queue from the first datagram on.
    func hasRoom(forDatagrams bytes: Int) -> Bool {
        account.bytesLimit - bytesSpokenFor >= bytes && account.hasRoom(for: bytes)
    }

    private static let shortAnswerBytes = 256

    /// Lets the connection hold `bytes` more in its queues, which ``queueLimit(holding:)`` has allowed.
    ///
    /// The limit comes to what was granted and what the application has queued, at most. What else is held is no reason for more, or
    /// a peer that is answered could raise it, answer by answer, by what it makes ngtcp2 hold.
    func makeRoom(forQueued bytes: Int) {
        // The last segment of a long queue may be longer, and empty but for a byte: the reserve is not for that.
        let largestSegment = ByteQueue.largestSegmentBytes(holding: account.queuedBytes + bytes)
        let queued = bytes + bytes / 64 + largestSegment - ByteQueue.largestSegmentBytes
        // A stream that is written up to its last byte must leave datagrams the room that they were promised.
        let needed = bytesSpokenFor + queued + (datagramFrames?.bytesLimit ?? 0)
        guard needed > account.bytesLimit, self.mayBorrow else { return }
        let explained = grantedBytesLimit + account.queuedBytes + queued
        account.bytesLimit = max(account.bytesLimit, min(needed, explained, configuration.connectionBytesLimit))
        scheduleReview()
    }

    /// The bytes that the connection holds, that its peer may still make it hold, and that are not given to new data.
    private var bytesSpokenFor: Int {
        let window = borrowing.window.outstandingBytes
        return account.limitedBytes + window + window / 8 + SendAllowance.reserveBytes
    }

    /// Doubles what may be borrowed for packets in flight; false when the connection or the process has no more.
    ///
    /// No borrower has more than is left for others: ``MemoryShare/admitsCommitment(of:beside:)`` says why.
    private func borrowForPackets() -> Bool {
        let borrowed = Int(borrowing.allowance.borrowedBytes)
        let mayBorrow =
            configuration.connectionBytesLimit
            - TransportConfiguration.bytesLimit(ofWindow: Int(borrowing.largestWindowBytes), borrowed: 0)
            - (datagramFrames?.bytesLimit ?? 0)
        let wanted = min(borrowed + max(SendAllowance.baseBytes, borrowed), mayBorrow)
        guard self.mayBorrow, wanted > borrowed, wanted <= environment.share.borrowableBytes else { return false }
        borrowing.allowance.borrow(wanted)
        borrowing.largestGrantedBytes = max(borrowing.largestGrantedBytes, UInt32(clamping: wanted))
        raiseBytesLimit()
        scheduleReview()
        return true
    }
}

// MARK: - The limit at the allocator

extension Connection {
    /// The most the allocator lets an established connection hold at first; `.max` where it may hold any number of bytes.
    var restingBytesLimit: Int {
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
        let window = Int(borrowing.largestWindowBytes)
        let pools = Int(borrowing.largestGrantedBytes) + Int(borrowing.gapPoolBytes)
        return TransportConfiguration.bytesLimit(ofWindow: window, borrowed: pools)
            + TransportConfiguration.bytesLimit(ofStreams: Int(borrowing.largestStreamCount), window: window)
            + (datagramFrames?.bytesLimit ?? 0)
    }

    /// Lets the connection hold what its queue of datagrams may come to.
    func makeRoomForDatagrams() {
        guard !isHandshaking else { return }
        raiseBytesLimit()
    }

    /// Lets the connection hold what one more stream may come to.
    func makeRoomForStreams() {
        guard streams.count > borrowing.largestStreamCount, !isHandshaking else { return }
        borrowing.largestStreamCount = UInt16(clamping: streams.count)
        raiseBytesLimit()
    }

    /// Lets the connection hold what its windows and its packets in flight may come to.
    private func raiseBytesLimit() {
        let bytes = min(grantedBytesLimit, configuration.connectionBytesLimit)
        account.bytesLimit = max(account.bytesLimit, bytes)
    }
}

// MARK: - Coming back

extension Connection {
    private func scheduleReview() {
        guard borrowing.reviewDeadline == .distantFuture else { return }
        borrowing.wasUsed = true
        borrowing.reviewDeadline = now.advanced(by: max(.seconds(1), roundTrip * 8))
    }

    /// Gives back what was borrowed when nothing was consumed or sent since the last review.
    func reviewBorrowing(at now: MonotonicInstant) {
        guard now >= borrowing.reviewDeadline else { return }
        borrowing.reviewDeadline = .distantFuture
        guard !borrowing.wasUsed else {
            scheduleReview()
            borrowing.wasUsed = false
            return
        }
        borrowing.window.resize(to: configuration.connectionWindow.initialBytes)
        streams.forEach { $0.window.resize(to: configuration.streamWindow.initialBytes) }
        borrowing.allowance.borrow(0)
        borrowing.largestStreamCount = UInt16(clamping: streams.count)
        // A gap takes 80 bytes of a pool, and there is one for every other packet of 1,200 bytes at most.
        borrowing.gapPoolBytes = max(borrowing.gapPoolBytes, borrowing.largestWindowBytes / 16)
        borrowing.largestWindowBytes = UInt32(
            clamping: max(configuration.connectionWindow.initialBytes, borrowing.window.outstandingBytes)
        )
        if configuration.connectionBytesLimit < .max {
            // What the application has queued stays until it is acknowledged.
            let bytes = grantedBytesLimit + account.queuedBytes
            account.bytesLimit = min(configuration.connectionBytesLimit, bytes)
        }
        settleCommitment()
    }
}

// MARK: - Closed streams

/// The memory that ngtcp2's pools keep of streams that are closed.
extension Connection {
    /// The bytes beyond those that ngtcp2 once did with; 0 while a stream is open, and in the handshake.
    public var retainedBytes: Int {
        streams.count > 0 ? 0 : max(0, account.liveBytes(of: .transport) - Int(leanTransportBytes))
    }

    /// Takes note of what ngtcp2 holds while no stream is open, as before the first one is.
    ///
    /// That one may come in the datagram that completes the handshake.
    func noteLeanTransport() {
        guard streams.count == 0, !isHandshaking else { return }
        leanTransportBytes = min(leanTransportBytes, UInt32(clamping: account.liveBytes(of: .transport)))
    }

    /// The end of a connection whose pools keep more than they may, once no stream uses them.
    func endOfRetention() -> ConnectionEnd? {
        noteLeanTransport()
        guard let limit = configuration.retainedBytesLimit, retainedBytes > limit else { return nil }
        return .close(.retainedMemory)
    }
}

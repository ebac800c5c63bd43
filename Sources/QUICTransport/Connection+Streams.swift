public import BoundedMemory
import Datagrams

@_exported public import class BoundedMemory.SharedBytes

extension Connection {
    /// The application's bytes: open streams, and the queues of those with something to send and of datagrams.
    struct Streams {
        fileprivate var open = StreamList()
        fileprivate var queue = StreamQueue()
        /// The datagrams to send, and their counts; nil before the first.
        fileprivate var datagrams: DatagramFrameQueue?
    }
}

// MARK: - Opening and closing

extension Connection {
    /// How many streams are open.
    public var streamCount: Int { streams.open.count }

    /// Opens a stream towards the peer; a server may as well, once its connection did open.
    ///
    /// - Throws: When the peer's limit for streams of this direction does not allow one. RFC 9000 §4.6.
    public func openStream(_ direction: StreamDirection = .bidirectional) throws(QUICError) -> Stream {
        guard beginCommand(), let id = try native?.openStream(direction) else {
            throw QUICError("the connection is closed")
        }
        return adopt(id)
    }

    /// The open stream numbered `id`.
    ///
    /// - Complexity: O(n) in the open streams.
    public func stream(_ id: StreamID) -> Stream? {
        streams.open.find(id)
    }

    /// Makes the object for a stream that ngtcp2 just opened.
    private func adopt(_ id: StreamID) -> Stream {
        let stream = Stream(id: id, connection: self)
        activity.noteOpenedStream(id, at: now)
        if streamCount == 0 { borrowing.noteLeanTransport(of: self) }
        streams.open.insert(stream)
        borrowing.makeRoomForStreams(of: self)
        native?.attach(stream)
        return stream
    }

    /// The peer has opened a stream.
    func didOpenStream(_ id: StreamID) {
        openForEarlyData()
        let stream = adopt(id)
        if isHandshaking { stream.noteEarlyArrival() }
        service?.streamDidOpen(stream)
    }

    /// A stream ended on both sides, or was reset.
    ///
    /// - Parameter isComplete: Whether it ended with FIN, both ways if it has two.
    func retire(_ closed: Stream, isComplete: Bool) {
        // Taken out as an owned reference: the pointer in ngtcp2 that led here keeps nothing alive.
        guard !closed.isClosed else { return }
        let stream = streams.open.remove(closed)
        activity.noteClosedStream(stream.id, isComplete: isComplete, at: now)
        if native != nil {
            // What the application did not give back for this stream still belongs to the connection's window.
            let credit = borrowing.consumeRest(of: stream)
            if credit > 0 { native?.extendCredit(by: credit) }
            if stream.givesUpPlace() { extendStreamLimit(for: stream.id) }
        }
        forget(stream)
    }

    /// Ends a stream that is no longer in the list of open ones.
    private func forget(_ stream: Stream) {
        stream.close()
        service?.streamDidClose(stream)
        stream.context = nil
    }

    /// The connection has ended.
    func releaseStreams() {
        streams.datagrams = nil
        while let stream = streams.open.removeFirst() { forget(stream) }
        streams.queue.removeAll()
    }

    /// The end of a connection whose pools keep more than they may, once no stream uses them.
    func endOfRetention() -> ConnectionEnd? {
        guard streamCount == 0 else { return nil }
        borrowing.noteLeanTransport(of: self)
        guard let limit = configuration.retainedBytesLimit, retainedBytes > limit else { return nil }
        return .close(.retainedMemory)
    }

    /// The bytes that ngtcp2's pools keep of streams that are closed; 0 while one is open, and in the handshake.
    public var retainedBytes: Int { streamCount > 0 ? 0 : borrowing.retainedBytes(account) }

    /// The place of a stream that has closed, which a service had held, is the peer's again.
    func returnPlace(of stream: Stream) {
        guard beginCommand() else { return }
        extendStreamLimit(for: stream.id)
    }

    /// RFC 9000 §4.6: the peer may open another stream for each one that closed.
    private func extendStreamLimit(for id: StreamID) {
        guard id.isClientInitiated == (role == .server) else { return }
        native?.extendStreamLimit(forKindOf: id)
    }

    /// Resets both halves of `stream`; false when ngtcp2 had no memory to, and may yet send what it has of it.
    func resetStream(_ stream: Stream, code: UInt64) -> Bool {
        beginCommand() && native?.reset(stream.id, code: code) ?? false
    }

    /// Whether the application has streams or datagrams that have not come to their end.
    var hasUnfinishedStreams: Bool {
        streams.open.contains(where: \.holdsUpDrain) || streams.datagrams?.isEmpty == false
    }
}

// MARK: - Receiving

extension Connection {
    /// Bytes of `stream` arrived, or its end.
    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) -> Bool {
        stream.didReceive(bytes.byteCount)
        noteProgress(bytes.byteCount)
        guard serving != nil, !stream.isReset else {
            stream.extendCredit(bytes.byteCount)
            return true
        }
        do throws(StreamError) {
            try serving?.receive(bytes, isFinal: isFinal, on: stream)
            give(borrowing.noteHandled(stream), to: stream)
            return true
        } catch {
            return false
        }
    }

    private func noteProgress(_ byteCount: Int) {
        activity.noteBytes(byteCount, minimum: configuration.minimumProgressBytes, at: now)
    }

    /// Takes note that `count` bytes of `stream` were consumed, and gives the peer the credit that is due.
    func consume(_ count: Int, of stream: Stream) {
        guard count > 0, beginCommand() else { return }
        give(borrowing.consume(count, of: stream), to: stream)
    }

    private func give(_ credit: Borrowing.Credit, to stream: Stream) {
        if credit.streamBytes > 0 { native?.extendCredit(of: stream.id, by: credit.streamBytes) }
        if credit.connectionBytes > 0 { native?.extendCredit(by: credit.connectionBytes) }
    }

    /// The peer acknowledged all bytes of `stream` before `offset`.
    func didAcknowledge(upTo offset: UInt64, of stream: Stream) {
        let released = stream.didAcknowledge(upTo: offset)
        noteProgress(released)
        if released > 0 { serving?.stream(stream, didRelease: released) }
    }

    /// The peer sent RESET_STREAM. RFC 9000 §3.2.
    func cancel(_ stream: Stream, code: UInt64) {
        service?.stream(stream, wasCancelledWith: code)
    }

    /// The peer sent STOP_SENDING, as the refusal of `stream`'s bytes tells: ngtcp2 has no callback for it.
    ///
    /// RFC 9000 §3.5: an endpoint that receives a STOP_SENDING frame MUST send a RESET_STREAM frame; ngtcp2 does.
    private func didStopReading(_ stream: Stream) {
        stream.stop()
        service?.stream(stream, wasCancelledWith: 0)
    }

    /// Gives back what was borrowed if the connection is quiet.
    func reviewBorrowing() {
        guard borrowing.review(self) else { return }
        streams.open.forEach { $0.window.resize(to: configuration.streamWindow.initialBytes) }
    }
}

// MARK: - Sending

extension Connection {
    /// Whether the application has something to send, as far as flow control lets it.
    var hasDataToSend: Bool { !streams.queue.isEmpty || streams.datagrams?.isEmpty == false }

    /// `stream` may have something to send.
    func streamHasOutput(_ stream: Stream) {
        guard stream.hasOutput, beginCommand() else { return }
        streams.queue.append(stream)
    }

    /// The priority of `stream` has changed.
    func resort(_ stream: Stream) {
        streams.queue.resort(stream)
    }

    /// How many bytes the application may have queued on a stream that holds `queuedBytes`.
    func queueLimit(holding queuedBytes: Int) -> Int {
        borrowing.queueLimit(of: self, holding: queuedBytes)
    }

    /// Lets the connection hold `bytes` more in its queues, which ``queueLimit(holding:)`` has allowed.
    func makeRoom(forQueued bytes: Int) {
        borrowing.makeRoom(forQueued: bytes, of: self)
    }

    /// Fills one packet with what streams and datagrams have, one after the other, and lets ngtcp2 add its own frames.
    ///
    /// Streams come in the order of their ``Stream/priority``. Where there are datagrams as well, both begin a packet in turns, and
    /// the other one has the rest of it: neither waits for the end of the other.
    ///
    /// - Parameter offersData: Whether they may go into the packet. Without them it has ngtcp2's own frames alone: acknowledgements,
    ///   retransmissions and probes are never held back.
    /// - Returns: That the packet is complete, or why the connection has ended.
    func fill(_ packet: inout PacketSpace, offersData: Bool, at now: MonotonicInstant) -> PacketStatus {
        var connectionIsBlocked = false
        var stoppedStreams: [Stream] = []
        // Told of after the packet: what a service does about it must not come between the parts of one.
        defer { for stream in stoppedStreams { didStopReading(stream) } }
        var contents = PacketContents()
        defer { streams.datagrams?.noteTurn(contents) }
        let datagramRoom = offersData ? prepareDatagrams(in: packet.byteLimit) : nil
        if let datagramRoom, streams.queue.isEmpty || streams.datagrams?.goesFirst == true {
            contents.beginsWithDatagrams = true
            if let status = addDatagrams(to: &packet, &contents, room: datagramRoom) {
                return note(packetOf: status, contents)
            }
        }
        while offersData, !connectionIsBlocked, let stream = unsafe nextReadyStream() {
            // In its queue, and in the list of open streams, it outlives the call: ngtcp2 closes none while it writes.
            let status = unsafe stream._withUnsafeGuaranteedRef { add($0, to: &packet, at: now) }
            switch status {
            case .wantsMore:
                contents.streamFrameCount += 1
                unsafe stream._withUnsafeGuaranteedRef { passTurn(of: $0) }
            case .isBlocked:
                // Without connection credit the stream keeps its place: nothing tells when credit comes.
                connectionIsBlocked = native?.isOutOfCredit ?? true
                if !connectionIsBlocked { streams.queue.removeFirst() }
            case .isStopped:
                stoppedStreams.append(unsafe stream.takeUnretainedValue())
                streams.queue.removeFirst()
            case .isUnknown:
                streams.queue.removeFirst()
            case .complete(let byteCount):
                unsafe stream._withUnsafeGuaranteedRef { passTurn(of: $0) }
                if byteCount > 0 { contents.streamFrameCount += 1 }
                return note(packetOf: status, contents)
            case .failed:
                return note(packetOf: status, contents)
            }
        }
        if let datagramRoom, !contents.beginsWithDatagrams,
            let status = addDatagrams(to: &packet, &contents, room: datagramRoom)
        {
            return note(packetOf: status, contents)
        }
        return note(packetOf: native?.complete(&packet, at: now) ?? .complete(byteCount: 0), contents)
    }

    /// Takes note of what ngtcp2 keeps for a packet.
    private func note(packetOf status: PacketStatus, _ contents: PacketContents) -> PacketStatus {
        if case .complete(let byteCount) = status { borrowing.note(packetOf: byteCount, contents) }
        return status
    }

    /// Offers the transport what `stream` has to send, and notes what it took.
    private func add(_ stream: Stream, to packet: inout PacketSpace, at now: MonotonicInstant) -> PacketStatus {
        stream.withOutput(limit: packet.byteLimit) { bytes, isFinal in
            guard let written = native?.write(bytes, of: stream.id, isFinal: isFinal, to: &packet, at: now)
            else { return .isUnknown }
            if written.acceptedBytes >= 0 {
                borrowing.noteUse()
                let isAll = written.acceptedBytes == bytes.byteCount
                stream.didSend(written.acceptedBytes, isFinal: isFinal && isAll)
            }
            return written.status
        }
    }

    /// The first stream in the queue, which is `stream`, has had its turn.
    private func passTurn(of stream: Stream) {
        if stream.hasOutput { streams.queue.rotate() } else { streams.queue.removeFirst() }
    }

    /// The first stream in the queue that still has something to send, which keeps it.
    private func nextReadyStream() -> Unmanaged<Stream>? {
        while let stream = unsafe streams.queue.firstUnretained {
            if unsafe stream._withUnsafeGuaranteedRef({ $0.hasOutput }) { return unsafe stream }
            streams.queue.removeFirst()
        }
        return nil
    }
}

// MARK: - Early data that was rejected

extension Connection {
    /// The server has seen nothing of it, so that nothing is handled twice by this, and the streams still have every byte. RFC 8446 §4.2.10
    /// leaves it to the application to send early data again, since it may have been made for another protocol. So it is sent again
    /// where the protocol is that of the ticket, and the streams are cancelled where it is not.
    func sendEarlyDataAgain(isSameProtocol: Bool) {
        var early: [Stream] = []
        streams.open.forEach { early.append($0) }
        early.sort { $0.id.rawValue < $1.id.rawValue }
        streams.queue.removeAll()
        for stream in early where !(isSameProtocol && reopen(stream)) {
            if !stream.isReset { service?.stream(stream, wasCancelledWith: 0) }
            retire(stream, isComplete: false)
        }
    }

    /// Opens `stream` anew under its number, and has all of it sent again; false when the server allows it no more.
    private func reopen(_ stream: Stream) -> Bool {
        guard let id = try? native?.openStream(stream.id.isBidirectional ? .bidirectional : .unidirectional) else {
            return false
        }
        guard id == stream.id else {
            // One before it was not opened, for want of memory.
            _ = native?.reset(id, code: 0)
            return false
        }
        native?.attach(stream)
        guard !stream.isReset else { return native?.reset(id, code: 0) ?? false }
        stream.rewind()
        streamHasOutput(stream)
        return true
    }
}

// MARK: - Bytes that many streams send

extension Connection {
    /// A copy of `bytes` that any number of streams of this connection's worker can send: ``Stream/write(_:)-(SharedBytes)``.
    ///
    /// Costs the bytes and about 60 more, in the worker's ledger, until the last stream has them acknowledged and nobody keeps them.
    ///
    /// - Throws: `.outOfMemory` where the process has no memory for them; `.full` beyond ``BoundedMemory/SharedBytes/countLimit``.
    public func share(_ bytes: RawSpan) throws(StreamError) -> SharedBytes {
        do throws(ByteQueueError) {
            return try SharedBytes(copying: bytes, in: environment.ledger)
        } catch {
            throw StreamError(error)
        }
    }

    /// A copy of `bytes`, as ``share(_:)-(RawSpan)`` makes it.
    public func share(_ bytes: [UInt8]) throws(StreamError) -> SharedBytes {
        try bytes.withRawSpan { bytes throws(StreamError) in try share(bytes) }
    }

    /// Whether the account says of shared bytes what the queues of the streams do.
    package var sharedBytesAddUp: Bool {
        var bytes = 0
        streams.open.forEach { bytes += $0.sharedBytes }
        return bytes == account.sharedBytes
    }
}

// MARK: - Datagrams

/// Datagrams in DATAGRAM frames: bytes that are sent once, in no order, and that may be lost. RFC 9221.
extension Connection {
    /// The longest datagram that ``sendDatagram(_:)-(RawSpan)`` takes now, in bytes; nil where it takes none: before the handshake is
    /// complete, after the end, and where the peer takes no DATAGRAM frames.
    ///
    /// It follows the path: 1,164 bytes at first where the peer's connection IDs are of 12 bytes, and more once the path is known
    /// to carry larger packets.
    ///
    /// RFC 9221 §3: "An endpoint MUST NOT send DATAGRAM frames until it has received the max_datagram_frame_size transport
    /// parameter with a non-zero value during the handshake" and "MUST NOT send DATAGRAM frames that are larger than the
    /// max_datagram_frame_size value it has received from its peer."
    public var maximumDatagramBytes: Int? {
        guard state == .established, configuration.queuedDatagrams > 0, configuration.queuedDatagramBytes > 0,
            let peerBytes = native?.peerParameters?.datagramFrameBytes,
            let largest = DatagramFrame.largestDatagramBytes(in: min(datagramFrameRoom(in: .max), peerBytes))
        else { return nil }
        return min(largest, configuration.queuedDatagramBytes)
    }

    /// Sends `bytes` in a DATAGRAM frame as soon as congestion control lets it, and never again: the peer may not get them.
    ///
    /// A copy waits until then, in order with other datagrams and in turn with streams. Where
    /// ``TransportConfiguration/queuedDatagrams`` or ``TransportConfiguration/queuedDatagramBytes`` wait already, or the connection
    /// may not hold more, the oldest are dropped for it, and counted. May be called from every event.
    ///
    /// - Throws: ``DatagramError``; nothing is sent then.
    public func sendDatagram(_ bytes: RawSpan) throws(DatagramError) {
        guard state != .closed else { throw .closed }
        guard let largest = maximumDatagramBytes else { throw .unsupported }
        guard bytes.byteCount <= largest else { throw .tooLarge(maximumBytes: largest) }
        guard beginCommand() else { throw .closed }
        let frames = datagramFramesMade
        let droppedBefore = frames.counts.dropped
        defer { environment.datagramFrames.dropped += frames.counts.dropped - droppedBefore }
        while !borrowing.hasRoom(forDatagrams: frames.growthBytes(for: bytes.byteCount), account) {
            guard !frames.isEmpty else { throw .outOfMemory }
            frames.dropFirst()
        }
        do throws(ByteQueueError) {
            try frames.push(bytes)
        } catch {
            throw .outOfMemory
        }
    }

    /// Sends `bytes`, as ``sendDatagram(_:)-(RawSpan)`` does.
    public func sendDatagram(_ bytes: [UInt8]) throws(DatagramError) {
        try bytes.withRawSpan { bytes throws(DatagramError) in try sendDatagram(bytes) }
    }

    /// The datagrams that were sent, received and dropped so far.
    public var datagramFrameCounts: DatagramFrameCounts { streams.datagrams?.counts ?? DatagramFrameCounts() }

    /// A DATAGRAM frame arrived. ngtcp2 ends the connection for one that is longer than was allowed, with PROTOCOL_VIOLATION.
    ///
    /// Its bytes are progress and no useless packet, as those of a stream are.
    func receiveDatagram(_ bytes: RawSpan) {
        openForEarlyData()
        datagramFramesMade.counts.received += 1
        environment.datagramFrames.received += 1
        noteProgress(bytes.byteCount)
        service?.receive(datagram: bytes, on: self)
    }

    private var datagramFramesMade: DatagramFrameQueue {
        if let frames = streams.datagrams { return frames }
        let made = DatagramFrameQueue(account: account, configuration: configuration)
        streams.datagrams = made
        borrowing.makeRoom(forDatagramQueueOf: made.bytesLimit, of: self)
        return made
    }

    /// The bytes for frames in a packet of the present path, in `space` bytes, with nothing else in it.
    private func datagramFrameRoom(in space: Int) -> Int {
        let packetBytes = min(space, native?.pathPacketBytesLimit ?? 0)
        return packetBytes - DatagramFrame.packetOverheadBytes - (native?.destinationIDBytes ?? 0)
    }

    /// Drops datagrams that the path carried when they were sent, and no longer does: they would wait for ever, and all others
    /// behind them.
    ///
    /// - Returns: The bytes for frames in the next packet; nil when no datagram waits.
    private func prepareDatagrams(in space: Int) -> Int? {
        guard let frames = streams.datagrams, !frames.isEmpty else { return nil }
        let room = datagramFrameRoom(in: space)
        while let byteCount = frames.firstByteCount, DatagramFrame.byteCount(ofDatagram: byteCount) > room {
            frames.dropFirst()
            environment.datagramFrames.dropped += 1
        }
        return frames.isEmpty ? nil : room
    }

    /// Puts datagrams into `packet` as long as there may be room for the next one.
    ///
    /// ngtcp2 completes a packet into which a datagram does not fit; stream data would have filled it. So none is offered that
    /// cannot fit, and one that fits but for frames of ngtcp2's own begins the next packet.
    ///
    /// - Parameter room: The bytes left for frames, as far as they are known.
    /// - Returns: The status with which the packet is complete; nil while more may go into it, or when nothing may be sent.
    private func addDatagrams(
        to packet: inout PacketSpace,
        _ contents: inout PacketContents,
        room: Int
    ) -> PacketStatus? {
        guard let frames = streams.datagrams else { return nil }
        var room = room
        while let byteCount = frames.firstByteCount, DatagramFrame.byteCount(ofDatagram: byteCount) <= room {
            let written = frames.withFirst { native?.write(datagram: $0, to: &packet, at: now) }
            guard let written else { return nil }
            if written.isAccepted {
                room -= DatagramFrame.byteCount(ofDatagram: byteCount)
                contents.datagramFrameCount += 1
                noteSent(frames, byteCount)
            }
            switch written.status {
            case .wantsMore: continue
            case .complete(byteCount: 0): return nil
            default: return written.status
            }
        }
        return nil
    }

    /// The first datagram is in a packet. It counts as progress as soon as it is sent: what may be sent depends on what was
    /// acknowledged, and to be told of each acknowledgement would cost 128 bytes for each datagram in flight.
    private func noteSent(_ frames: DatagramFrameQueue, _ byteCount: Int) {
        frames.removeFirst()
        frames.counts.sent += 1
        environment.datagramFrames.sent += 1
        borrowing.noteUse()
        activity.noteSentDatagram(byteCount, minimum: configuration.minimumProgressBytes, at: now)
    }
}

extension StreamError {
    /// The queue of a stream did not take its bytes.
    init(_ error: ByteQueueError) {
        switch error {
        case .full: self = .full
        case .outOfMemory: self = .outOfMemory
        }
    }
}

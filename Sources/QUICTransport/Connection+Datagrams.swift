import BoundedMemory

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
            peerBytes >= Self.shortDatagramFrameOverheadBytes
        else { return nil }
        let largest = min(datagramFrameRoom(in: .max), peerBytes)
        return min(Self.datagramBytes(inFrameOf: largest), configuration.queuedDatagramBytes)
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
        while !hasRoom(forDatagrams: frames.growthBytes(for: bytes.byteCount)) {
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
    public var datagramFrameCounts: DatagramFrameCounts { datagramFrames?.counts ?? DatagramFrameCounts() }

    /// A DATAGRAM frame arrived. ngtcp2 ends the connection for one that is longer than was allowed, with PROTOCOL_VIOLATION.
    ///
    /// Its bytes are progress and no useless packet, as those of a stream are.
    func receiveDatagram(_ bytes: RawSpan) {
        datagramFramesMade.counts.received += 1
        environment.datagramFrames.received += 1
        watch.noteBytes(bytes.byteCount, minimum: configuration.minimumProgressBytes, at: now)
        meter.noteUseful(bytes.byteCount)
        service?.receive(datagram: bytes, on: self)
    }

    private var datagramFramesMade: DatagramFrameQueue {
        if let datagramFrames { return datagramFrames }
        let made = DatagramFrameQueue(account: account, configuration: configuration)
        datagramFrames = made
        makeRoomForDatagrams()
        return made
    }
}

// MARK: - In packets

extension Connection {
    /// Whether the application has something to send, as far as flow control lets it.
    var hasDataToSend: Bool { !sendQueue.isEmpty || datagramFrames?.isEmpty == false }

    /// The type of a frame and a length of one byte. RFC 9221 §4.
    private static let shortDatagramFrameOverheadBytes = 2
    /// The type of a frame and a length of two bytes, as from 64 bytes on. RFC 9000 §16.
    private static let datagramFrameOverheadBytes = 3
    private static let shortDatagramBytesLimit = 63
    /// The first byte, the longest packet number, and the authentication tag. RFC 9000 §17.3.1, RFC 9001 §5.3.
    private static let shortHeaderPacketOverheadBytes = 1 + 4 + 16

    /// The bytes of the longest datagram in a frame of `frameBytes` bytes.
    private static func datagramBytes(inFrameOf frameBytes: Int) -> Int {
        max(
            frameBytes - datagramFrameOverheadBytes,
            min(shortDatagramBytesLimit, frameBytes - shortDatagramFrameOverheadBytes)
        )
    }

    private static func frameBytes(ofDatagram byteCount: Int) -> Int {
        byteCount + (byteCount > shortDatagramBytesLimit ? datagramFrameOverheadBytes : shortDatagramFrameOverheadBytes)
    }

    /// The bytes for frames in a packet of the present path, in `space` bytes, with nothing else in it.
    private func datagramFrameRoom(in space: Int) -> Int {
        let packetBytes = min(space, native?.pathPacketBytesLimit ?? 0)
        return packetBytes - Self.shortHeaderPacketOverheadBytes - (native?.destinationIDBytes ?? 0)
    }

    /// Drops datagrams that the path carried when they were sent, and no longer does: they would wait for ever, and all others
    /// behind them.
    ///
    /// - Returns: The bytes for frames in the next packet; nil when no datagram waits.
    func prepareDatagrams(in space: Int) -> Int? {
        guard let frames = datagramFrames, !frames.isEmpty else { return nil }
        let room = datagramFrameRoom(in: space)
        while let byteCount = frames.firstByteCount, Self.frameBytes(ofDatagram: byteCount) > room {
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
    func addDatagrams(
        to packet: inout PacketSpace,
        _ contents: inout PacketContents,
        room: Int
    ) -> PacketStatus? {
        guard let frames = datagramFrames else { return nil }
        var room = room
        while let byteCount = frames.firstByteCount, Self.frameBytes(ofDatagram: byteCount) <= room {
            let written = frames.withFirst { native?.write(datagram: $0, to: &packet, at: now) }
            guard let written else { return nil }
            if written.isAccepted {
                room -= Self.frameBytes(ofDatagram: byteCount)
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
        borrowing.wasUsed = true
        watch.noteBytes(byteCount, minimum: configuration.minimumProgressBytes, at: now)
    }
}

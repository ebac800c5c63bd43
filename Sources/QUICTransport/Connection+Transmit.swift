internal import CNgtcp2
public import Datagrams

/// What ``Connection/transmit(into:at:)`` left behind.
public enum TransmitOutcome: Sendable, Hashable {
    /// There is nothing more to send now.
    case idle
    /// There may be more: the batch is full, or the burst was long enough for one turn.
    case more
    /// The connection ended while writing.
    case ended(ConnectionEnd)
}

extension Connection {
    /// Appends the packets that may be sent now: at most one burst, so that others get their turn. RFC 9002 §7.7.
    public func transmit(into batch: TransmitBatch, at now: MonotonicInstant) -> TransmitOutcome {
        guard let quantumBytes = native?.sendQuantumBytes else { return .idle }
        if let end = pendingEnd { return .ended(end) }
        if hasDrained(at: now) { return .ended(.close(.drained)) }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        self.now = now
        forgetRestingTimer()
        let info = nativeInfo
        var burst = beginBurst(info, quantumBytes: quantumBytes)
        let holdsProbes = holdsProbes(info, at: now)
        guard !holdsProbes || mayProbe else { return .idle }
        let isMigrating = migration.map { !$0.isOver } ?? false
        var hasDataOnLatestPath = false
        var outcome = TransmitOutcome.idle
        while true {
            guard !batch.isFull, burst.quantumBytes > 0 else {
                outcome = .more
                break
            }
            guard prepareData(for: &burst) else { break }
            var error = NativeError.none
            let inFlightBefore = isMigrating ? bytesInFlight : 0
            let written = pinging {
                native?.append(to: batch, byteLimit: packetBytesLimit, error: &error) { packet in
                    fill(&packet, at: now)
                } ?? 0
            }
            if isMigrating, written > 0, batch.entries.last?.path == path, bytesInFlight > inFlightBefore {
                hasDataOnLatestPath = true
            }
            if error != .none { return .ended(end(after: error)) }
            guard written > 0 else { break }
            burst.add(written)
            if offersData || written > Self.longestAcknowledgementBytes { borrowing.pacer.spend(written) }
            noteTransmitted(written)
            if holdsProbes { break }
        }
        // An acknowledgement that is delayed takes the permission to leave later.
        mayProbe = holdsProbes && !burst.hasPackets
        if !holdsProbes { hasCommand = false }
        // Nothing is left that pacing could hold back.
        let isResting = outcome == .idle && burst.hasPackets && !holdsProbes && !hasDataToSend
        restingTimer = isResting ? native?.timer ?? now : MonotonicInstant(nanoseconds: 0)
        native?.noteTransmitted(at: now)
        if isMigrating { migration?.noteTransmitted(dataOnLatestPath: hasDataOnLatestPath, at: now) }
        acknowledgements.noteSent(
            bytesInFlight: info.bytes_in_flight,
            after: burst.hasPackets ? bytesInFlight : info.bytes_in_flight,
            at: now
        )
        return outcome
    }

    /// A longer packet has more than acknowledgements: data that was lost takes the time of data that is new.
    private static let longestAcknowledgementBytes = 600

    /// The packets of one call.
    private struct Burst {
        /// The bytes that may still follow before others have their turn.
        private(set) var quantumBytes: Int
        /// What is in flight, packets without stream data included.
        private(set) var inFlightBytes: Int
        /// The bytes in flight from which on streams and datagrams wait.
        var inFlightLimit = 0
        private(set) var hasPackets = false

        mutating func add(_ byteCount: Int) {
            hasPackets = true
            quantumBytes -= byteCount
            inFlightBytes += byteCount
        }
    }

    private func beginBurst(_ info: ngtcp2_conn_info, quantumBytes: Int) -> Burst {
        borrowing.pacer.fill(
            window: info.cwnd,
            roundTripNanoseconds: info.smoothed_rtt,
            slowStartThreshold: info.ssthresh,
            at: now
        )
        var burst = Burst(quantumBytes: quantumBytes, inFlightBytes: Int(clamping: info.bytes_in_flight))
        if hasDataToSend { burst.inFlightLimit = inFlightLimit(whenInFlight: burst.inFlightBytes) }
        return burst
    }

    /// Sets ``offersData`` for the next packet; false when the burst is over because the application's data has to wait for its
    /// time.
    ///
    /// A packet without such data would tell ngtcp2 that the application had nothing to send, and keep the congestion
    /// window from growing. RFC 9002 §7.8.
    private func prepareData(for burst: inout Burst) -> Bool {
        offersData = false
        guard hasDataToSend else { return true }
        if burst.inFlightBytes >= burst.inFlightLimit {
            burst.inFlightLimit = inFlightLimit(whenInFlight: burst.inFlightBytes)
        }
        guard borrowing.pacer.allowsPacket else {
            borrowing.pacer.hold()
            return !burst.hasPackets
        }
        offersData = burst.inFlightBytes < burst.inFlightLimit
        return true
    }

    /// Counts bytes until there are as many as path MTU discovery waits for.
    private func noteTransmitted(_ count: Int) {
        guard transmittedBytes < TransportConfiguration.pathMTUDiscoveryBytes else { return }
        transmittedBytes += UInt32(count)
    }

    /// Fills one packet with what streams and datagrams have, one after the other, and lets ngtcp2 add its own frames.
    ///
    /// Streams come in the order of their ``Stream/priority``. Where there are datagrams as well, both begin a packet in turns, and
    /// the other one has the rest of it: neither waits for the end of the other.
    ///
    /// Without ``offersData`` it has ngtcp2's own frames alone: acknowledgements, retransmissions and probes are never
    /// held back.
    ///
    /// - Returns: That the packet is complete, or why the connection has ended.
    private func fill(_ packet: inout PacketSpace, at now: MonotonicInstant) -> PacketStatus {
        var connectionIsBlocked = false
        var stoppedStreams: [Stream] = []
        // Told of after the packet: what a service does about it must not come between the parts of one.
        defer { for stream in stoppedStreams { didStopReading(stream) } }
        var contents = PacketContents()
        defer { datagramFrames?.noteTurn(contents) }
        let datagramRoom = offersData ? prepareDatagrams(in: packet.byteLimit) : nil
        if let datagramRoom, sendQueue.isEmpty || datagramFrames?.goesFirst == true {
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
                if !connectionIsBlocked { sendQueue.removeFirst() }
            case .isStopped:
                stoppedStreams.append(unsafe stream.takeUnretainedValue())
                sendQueue.removeFirst()
            case .isUnknown:
                sendQueue.removeFirst()
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
        guard case .complete(let byteCount) = status else { return status }
        borrowing.allowance.note(
            packetOf: byteCount,
            frameCount: contents.streamFrameCount,
            hasDatagrams: contents.datagramFrameCount > 0
        )
        return status
    }

    /// Offers the transport what `stream` has to send, and notes what it took.
    private func add(_ stream: Stream, to packet: inout PacketSpace, at now: MonotonicInstant) -> PacketStatus {
        stream.withOutput(limit: packet.byteLimit) { bytes, isFinal in
            guard let written = native?.write(bytes, of: stream.id, isFinal: isFinal, to: &packet, at: now)
            else { return .isUnknown }
            if written.acceptedBytes >= 0 {
                borrowing.wasUsed = true
                let isAll = written.acceptedBytes == bytes.byteCount
                stream.didSend(written.acceptedBytes, isFinal: isFinal && isAll)
            }
            return written.status
        }
    }

    /// The first stream in the queue, which is `stream`, has had its turn.
    private func passTurn(of stream: Stream) {
        if stream.hasOutput { sendQueue.rotate() } else { sendQueue.removeFirst() }
    }

    /// The first stream in the queue that still has something to send, which keeps it.
    private func nextReadyStream() -> Unmanaged<Stream>? {
        while let stream = unsafe sendQueue.firstUnretained {
            if unsafe stream._withUnsafeGuaranteedRef({ $0.hasOutput }) { return unsafe stream }
            sendQueue.removeFirst()
        }
        return nil
    }
}

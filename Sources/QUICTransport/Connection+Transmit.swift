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
        guard let connection = unsafe native?.pointer else { return .idle }
        if let end = pendingEnd { return .ended(end) }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        self.now = now
        let info = nativeInfo
        var burst = beginBurst(info, quantumBytes: unsafe ngtcp2_conn_get_send_quantum(connection))
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
            var failure: Int32 = 0
            let inFlightBefore = isMigrating ? bytesInFlight : 0
            var isOnLatestPath = false
            let written = unsafe batch.append { space in
                let packet = unsafe pinging(connection) {
                    unsafe writePacket(of: connection, into: space, failure: &failure, at: now)
                }
                if isMigrating { isOnLatestPath = packet.map { $0.path == path } ?? false }
                return packet
            }
            if isOnLatestPath, bytesInFlight > inFlightBefore { hasDataOnLatestPath = true }
            if failure != 0 { return .ended(end(after: failure)) }
            guard written > 0 else { break }
            burst.add(written)
            if offersData || written > Self.longestAcknowledgementBytes { borrowing.pacer.spend(written) }
            noteTransmitted(written)
            if holdsProbes { break }
        }
        // An acknowledgement that is delayed takes the permission to leave later.
        mayProbe = holdsProbes && !burst.hasPackets
        if !holdsProbes { hasCommand = false }
        unsafe ngtcp2_conn_update_pkt_tx_time(connection, now.native)
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

    private func writePacket(
        of connection: OpaquePointer,
        into space: UnsafeMutableRawBufferPointer,
        failure: inout Int32,
        at now: MonotonicInstant
    ) -> (count: Int, path: NetworkPath, ecn: ECN)? {
        var storage = unsafe ngtcp2_path_storage()
        return unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe ngtcp2_path_storage_zero(storage)
            var packet = unsafe PacketSpace(
                storage: storage,
                start: space.bindMemory(to: UInt8.self).baseAddress,
                count: packetBytesLimit(space)
            )
            let written = unsafe fill(&packet, of: connection, at: now)
            guard written >= 0 else {
                failure = Int32(written)
                return nil
            }
            guard written > 0, let path = unsafe NetworkPath(storage.pointee.path) else { return nil }
            return unsafe (written, path, ECN(trafficClass: UInt8(packet.info.ecn)))
        }
    }

    /// Where one packet is being put together.
    @unsafe
    struct PacketSpace {
        let storage: UnsafeMutablePointer<ngtcp2_path_storage>
        let start: UnsafeMutablePointer<UInt8>?
        let count: Int
        var info = ngtcp2_pkt_info()
    }

    /// Fills one packet with what streams and datagrams have, one after the other, and lets ngtcp2 add its own frames.
    ///
    /// Streams come in the order of their ``Stream/priority``. Where there are datagrams as well, both begin a packet in turns, and
    /// the other one has the rest of it: neither waits for the end of the other.
    ///
    /// Without ``offersData`` it has ngtcp2's own frames alone: acknowledgements, retransmissions and probes are never
    /// held back.
    ///
    /// - Returns: The packet's length, 0 when nothing may be sent now, or an error number of ngtcp2.
    private func fill(_ packet: inout PacketSpace, of connection: OpaquePointer, at now: MonotonicInstant) -> Int {
        var connectionIsBlocked = false
        var stoppedStreams: [Stream] = []
        // Told of after the packet: what a service does about it must not come between the parts of one.
        defer { for stream in stoppedStreams { didStopReading(stream) } }
        var contents = PacketContents()
        defer { datagramFrames?.noteTurn(contents) }
        let datagramRoom = unsafe offersData ? prepareDatagrams(in: packet.count, of: connection) : nil
        if let datagramRoom, sendQueue.isEmpty || datagramFrames?.goesFirst == true {
            contents.beginsWithDatagrams = true
            if let status = unsafe addDatagrams(to: &packet, &contents, room: datagramRoom, of: connection) {
                return note(packetOf: status, contents)
            }
        }
        while offersData, !connectionIsBlocked, let stream = nextReadyStream() {
            let status = unsafe add(stream, to: &packet, of: connection, at: now)
            switch Int32(truncatingIfNeeded: status) {
            case NGTCP2_ERR_WRITE_MORE:
                contents.streamFrameCount += 1
                sendQueue.rotate()
            case NGTCP2_ERR_STREAM_DATA_BLOCKED:
                // Without connection credit the stream keeps its place: nothing tells when credit comes.
                connectionIsBlocked = unsafe ngtcp2_conn_get_max_data_left(connection) == 0
                if !connectionIsBlocked { sendQueue.removeFirst() }
            case NGTCP2_ERR_STREAM_SHUT_WR:
                sendQueue.removeFirst()
                stoppedStreams.append(stream)
            case NGTCP2_ERR_STREAM_NOT_FOUND:
                sendQueue.removeFirst()
            default:
                sendQueue.rotate()
                if status > 0 { contents.streamFrameCount += 1 }
                return note(packetOf: status, contents)
            }
        }
        if let datagramRoom, !contents.beginsWithDatagrams,
            let status = unsafe addDatagrams(to: &packet, &contents, room: datagramRoom, of: connection)
        {
            return note(packetOf: status, contents)
        }
        let status = unsafe ngtcp2_conn_writev_stream_versioned(
            connection,
            &packet.storage.pointee.path,
            NGTCP2_PKT_INFO_VERSION,
            &packet.info,
            packet.start,
            packet.count,
            nil,
            UInt32(NGTCP2_WRITE_STREAM_FLAG_NONE),
            -1,
            nil,
            0,
            now.native
        )
        return note(packetOf: status, contents)
    }

    /// Takes note of what ngtcp2 keeps for a packet; `status` is its length, 0 for none, or an error number.
    private func note(packetOf status: Int, _ contents: PacketContents) -> Int {
        borrowing.allowance.note(
            packetOf: status,
            frameCount: contents.streamFrameCount,
            hasDatagrams: contents.datagramFrameCount > 0
        )
        return status
    }

    /// Offers the transport what `stream` has to send, and notes what it took.
    private func add(
        _ stream: Stream,
        to packet: inout PacketSpace,
        of connection: OpaquePointer,
        at now: MonotonicInstant
    ) -> Int {
        unsafe stream.withOutput(limit: packet.count) { vectors, vectorCount, isFinal in
            var acceptedBytes: ngtcp2_ssize = -1
            var flags = UInt32(NGTCP2_WRITE_STREAM_FLAG_MORE)
            if isFinal { flags |= UInt32(NGTCP2_WRITE_STREAM_FLAG_FIN) }
            let status = unsafe ngtcp2_conn_writev_stream_versioned(
                connection,
                &packet.storage.pointee.path,
                NGTCP2_PKT_INFO_VERSION,
                &packet.info,
                packet.start,
                packet.count,
                &acceptedBytes,
                flags,
                stream.id.rawValue,
                vectors,
                vectorCount,
                now.native
            )
            if acceptedBytes >= 0 {
                borrowing.wasUsed = true
                let offered = (0..<vectorCount).reduce(0) { unsafe $0 + (vectors?[$1].len ?? 0) }
                stream.didSend(acceptedBytes, isFinal: isFinal && acceptedBytes == offered)
            }
            return status
        }
    }

    /// The first stream in the queue that still has something to send.
    private func nextReadyStream() -> Stream? {
        while let stream = sendQueue.first {
            if stream.hasOutput { return stream }
            sendQueue.removeFirst()
        }
        return nil
    }
}

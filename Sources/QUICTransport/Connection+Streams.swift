extension Connection {
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
        streams.find(id)
    }

    /// Makes the object for a stream that ngtcp2 just opened.
    func adopt(_ id: StreamID) -> Stream {
        let stream = Stream(id: id, connection: self)
        if id.isBidirectional { watch.noteOpenedStream(at: now) }
        noteLeanTransport()
        streams.insert(stream)
        makeRoomForStreams()
        native?.attach(stream)
        return stream
    }

    /// A stream ended on both sides, or was reset.
    ///
    /// - Parameter isComplete: Whether it ended with FIN, both ways if it has two.
    func retire(_ closed: Stream, isComplete: Bool) {
        // Taken out as an owned reference: the pointer in ngtcp2 that led here keeps nothing alive.
        guard !closed.isClosed else { return }
        let stream = streams.remove(closed)
        if stream.id.isBidirectional { watch.noteClosedStream() }
        if isComplete {
            watch.noteCompleteStream(at: now)
            meter.noteUseful(PacketMeter.usefulBytesPerCompleteStream)
        }
        if native != nil {
            // What the application did not give back for this stream still belongs to the connection's window.
            consumeRest(of: stream)
            if stream.givesUpPlace() { extendStreamLimit(for: stream.id) }
        }
        forget(stream)
    }

    /// Ends a stream that is no longer in ``streams``.
    func forget(_ stream: Stream) {
        stream.close()
        service?.streamDidClose(stream)
        stream.context = nil
    }

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

    func streamHasOutput(_ stream: Stream) {
        guard stream.hasOutput, beginCommand() else { return }
        sendQueue.append(stream)
    }

    /// The priority of `stream` has changed.
    func resort(_ stream: Stream) {
        sendQueue.resort(stream)
    }

    /// Resets both halves of `stream`; false when ngtcp2 had no memory to, and may yet send what it has of it.
    func resetStream(_ stream: Stream, code: UInt64) -> Bool {
        beginCommand() && native?.reset(stream.id, code: code) ?? false
    }
}

internal import CNgtcp2

extension Connection {
    /// Opens a stream towards the peer; a server may as well, once its connection did open.
    ///
    /// - Throws: When the peer's limit for streams of this direction does not allow one. RFC 9000 §4.6.
    public func openStream(_ direction: StreamDirection = .bidirectional) throws(QUICError) -> Stream {
        guard beginCommand(), let connection = unsafe native?.pointer else {
            throw QUICError("the connection is closed")
        }
        var number: Int64 = -1
        let status =
            switch direction {
            case .bidirectional: unsafe ngtcp2_conn_open_bidi_stream(connection, &number, nil)
            case .unidirectional: unsafe ngtcp2_conn_open_uni_stream(connection, &number, nil)
            }
        guard status == 0 else { throw QUICError(transport: status, during: "opening a stream") }
        return adopt(StreamID(number))
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
        if let connection = unsafe native?.pointer {
            let pointer = unsafe Unmanaged.passUnretained(stream).toOpaque()
            unsafe ngtcp2_conn_set_stream_user_data(connection, id.rawValue, pointer)
        }
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
        if let connection = unsafe native?.pointer {
            // What the application did not give back for this stream still belongs to the connection's window.
            consumeRest(of: stream)
            if stream.givesUpPlace() { unsafe extendStreamLimit(for: stream.id, of: connection) }
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
        guard beginCommand(), let connection = unsafe native?.pointer else { return }
        unsafe extendStreamLimit(for: stream.id, of: connection)
    }

    /// RFC 9000 §4.6: the peer may open another stream for each one that closed.
    private func extendStreamLimit(for id: StreamID, of connection: OpaquePointer) {
        guard id.isClientInitiated == (role == .server) else { return }
        if id.isBidirectional {
            unsafe ngtcp2_conn_extend_max_streams_bidi(connection, 1)
        } else {
            unsafe ngtcp2_conn_extend_max_streams_uni(connection, 1)
        }
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
        guard beginCommand(), let connection = unsafe native?.pointer else { return false }
        return unsafe ngtcp2_conn_shutdown_stream(connection, 0, stream.id.rawValue, code) == 0
    }
}

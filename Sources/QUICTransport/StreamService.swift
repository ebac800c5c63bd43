/// An application on top of the transport: what happens on connections and their streams.
///
/// One instance serves every connection of a worker that speaks its protocol. Its methods are called on that worker's thread, one
/// at a time, and must not block. From each of them it may use any connection and any stream of the worker: write, close, reset,
/// open, set a deadline. Bytes that it writes leave when the method has returned. It may keep connections and streams for as long as it
/// likes; those that have ended take no writes and send nothing.
public protocol StreamService: AnyObject, SendableMetatype {
    /// The ALPN identifier this service answers to. RFC 7301.
    var applicationProtocol: String { get }
    /// Whether clients may send to this service before their handshake is complete, where the server's configuration allows it at
    /// all: ``QUICTLS/EarlyDataConfiguration`` says when that is safe. Default false.
    ///
    /// ``admission(of:)`` and ``connectionDidOpen(_:)`` come with the first early data then, and ``Connection/isHandshaking`` is true
    /// until the handshake is complete. ``Stream/arrivedEarly`` tells what may be a replay.
    var acceptsEarlyData: Bool { get }
    /// Whether a server serves `connection`, whose handshake is complete, by its address, its protocol and its
    /// ``Connection/serverName``. Its client learns of a refusal at once.
    func admission(of connection: Connection) -> ConnectionAdmission
    /// The handshake is complete: streams can be opened. Called once, before anything else of the connection's.
    func connectionDidOpen(_ connection: Connection)
    /// The handshake of a connection that did open for early data is complete: nothing that arrives from now on is a replay.
    /// ``Connection/earlyData`` tells the outcome of early data.
    func connectionDidCompleteHandshake(_ connection: Connection)
    /// The connection has ended, and everything it held is released. Called once for each connection that did open, after
    /// ``streamDidClose(_:)`` for each of its streams.
    func connectionDidClose(_ connection: Connection, _ report: CloseReport)
    /// The server drains: the client should begin nothing further on `connection`, which is closed with ``finishCode`` once all its
    /// streams have ended that hold that up (``Stream/holdsUpDrain``), and at the server's deadline whatever they do. Called once for
    /// each connection that did open: the place to tell the client, as HTTP/3 does with GOAWAY (RFC 9114 §5.2).
    ///
    /// Streams that a client began before it knows are served: the connection is kept for one probe timeout at least.
    func connectionShouldFinish(_ connection: Connection)
    /// The application error code with which a server closes connections that have finished while it drains, and those that are left
    /// when it shuts down: below 2^62. RFC 9000 §20.2.
    var finishCode: UInt64 { get }
    /// The moment of ``Connection/applicationDeadline`` has come; it is the distant future again.
    func connectionDidWake(_ connection: Connection)
    /// The peer allows further streams of this direction: ``Connection/openStream(_:)`` may succeed where it did not before.
    /// RFC 9000 §4.6.
    func connection(_ connection: Connection, mayOpen direction: StreamDirection)
    /// A datagram arrived, in a DATAGRAM frame: only where ``TransportConfiguration/datagramFrameBytesLimit`` allows them. RFC 9221.
    ///
    /// Datagrams come in the order of their packets, some do not come at all, and none is kept for a service. The span is gone
    /// when the method returns.
    func receive(datagram bytes: RawSpan, on connection: Connection)
    /// The peer opened a stream.
    func streamDidOpen(_ stream: Stream)
    /// Bytes arrived in order. `isFinal` says that no more follow (FIN); then `bytes` may be empty.
    ///
    /// The span is gone when the method returns. Credit for the bytes is given back with ``Stream/extendCredit(_:)``.
    /// - Throws: To end the connection with an internal error.
    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError)
    /// The peer acknowledged `count` further bytes: their memory was released.
    func stream(_ stream: Stream, didRelease count: Int)
    /// The peer gave up sending (RESET_STREAM) or receiving (STOP_SENDING, noticed with the next bytes to send, and with
    /// a `code` of 0). RFC 9000 §3.5.
    func stream(_ stream: Stream, wasCancelledWith code: UInt64)
    /// Both halves ended, or the connection did. ``Stream/context`` is gone afterwards.
    func streamDidClose(_ stream: Stream)
}

extension StreamService {
    /// They may not.
    public var acceptsEarlyData: Bool { false }

    /// Every connection is served.
    public func admission(of connection: Connection) -> ConnectionAdmission { .accept }

    /// Does nothing.
    public func connectionDidOpen(_ connection: Connection) {}

    /// Does nothing.
    public func connectionDidCompleteHandshake(_ connection: Connection) {}

    /// Does nothing.
    public func connectionDidClose(_ connection: Connection, _ report: CloseReport) {}

    /// Does nothing.
    public func connectionShouldFinish(_ connection: Connection) {}

    /// 0.
    public var finishCode: UInt64 { 0 }

    /// Does nothing.
    public func connectionDidWake(_ connection: Connection) {}

    /// Drops it.
    public func receive(datagram bytes: RawSpan, on connection: Connection) {}

    /// Does nothing.
    public func connection(_ connection: Connection, mayOpen direction: StreamDirection) {}

    /// Does nothing.
    public func streamDidOpen(_ stream: Stream) {}

    /// Does nothing.
    public func stream(_ stream: Stream, didRelease count: Int) {}

    /// Ends our half too, so that no half-open stream stays behind.
    public func stream(_ stream: Stream, wasCancelledWith code: UInt64) {
        stream.reset(code: code)
    }

    /// Does nothing.
    public func streamDidClose(_ stream: Stream) {}
}

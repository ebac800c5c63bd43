import BoundedMemory

/// Bytes that a connection sends and receives before its handshake is complete. RFC 9001 §4.6.
extension Connection {
    /// Shows `candidate` a connection before its handshake is complete, by which both sides speak the protocol `name`.
    package func open(to candidate: any StreamService, speaking name: String) {
        precondition(isHandshaking && service == nil)
        applicationProtocol = name
        open(to: candidate)
    }

    /// The bytes of a handshake's limit that have to be free before a server reads a datagram of early data: a chunk of 8 KiB for what
    /// arrived out of order, some streams, and the echo of a datagram.
    static let earlyDatagramRoomBytes = 12 << 10

    /// The least limit of a handshake with which a server accepts early data: 33,000 bytes for ngtcp2 with a few streams, and the room
    /// for a datagram.
    static let earlyHandshakeBytesMinimum = 46 << 10

    /// Whether `datagram` is left unread because there is no room for its early data. The client sends it again.
    ///
    /// An address may not be the client's own. So its bytes are held to the memory limit of a handshake, and honest clients do not
    /// meet that: they are held back before.
    func holdsBackEarlyData(_ datagram: RawSpan) -> Bool {
        guard earlyData == .accepted, isHandshaking, role == .server, Self.isEarly(datagram) else { return false }
        guard account.bytesLimit - account.limitedBytes < Self.earlyDatagramRoomBytes else { return false }
        environment.earlyData.heldBack += 1
        return true
    }

    /// Takes note of the outcome, at either side.
    private func settleEarlyData(isAccepted: Bool) {
        earlyData = isAccepted ? .accepted : .rejected
        if isAccepted {
            environment.earlyData.accepted += 1
        } else {
            environment.earlyData.rejected += 1
        }
    }

    /// Whether a datagram begins with a 0-RTT packet. RFC 9000 §17.2.3, RFC 9369 §3.2.
    private static func isEarly(_ datagram: RawSpan) -> Bool {
        guard datagram.byteCount >= 5 else { return false }
        let first = datagram.byte(at: 0)
        let version = datagram.number(at: 1..<5)
        let type: UInt8 = version == UInt64(QUICVersion.v2.rawValue) ? 0b10 : 0b01
        return first & 0x80 != 0 && (first >> 4) & 0b11 == type
    }
}

// MARK: - Servers

extension Connection: EarlyDataHost {
    /// Whether the service for `name` takes early data, which the client offers.
    package func takesEarlyData(for name: String) -> Bool {
        earlyData = .offered
        guard account.bytesLimit >= Self.earlyHandshakeBytesMinimum else { return false }
        return environment.host.service(for: name)?.acceptsEarlyData ?? false
    }

    /// Counts the early data of a ClientHello that offers some.
    package func noteEarlyData(isAccepted: Bool) {
        guard earlyData == .offered else { return }
        environment.earlyData.offered += 1
        settleEarlyData(isAccepted: isAccepted)
    }

    /// Shows the connection to its service, since early data has arrived for it.
    func openForEarlyData() {
        guard isHandshaking, role == .server, earlyData == .accepted, service == nil, pendingEnd == nil,
            let name = tls?.selectedProtocol, let service = environment.host.service(for: name),
            service.acceptsEarlyData
        else { return }
        open(to: service, speaking: name)
    }
}

// MARK: - Clients

extension Connection {
    /// Keeps the ticket that has come, with the values on which early data depends.
    func keepTicket() {
        tls?.keepTicket(version: version, protocol: applicationProtocol)
    }

    /// Begins with the parameters that the server had when it gave the ticket, so that streams can be opened at once.
    ///
    /// - Returns: Whether early data is offered.
    func offerEarlyData(with ticket: SessionTicketStore.Early) -> Bool {
        guard native?.remember(parameters: ticket.parameters) ?? false else { return false }
        earlyData = .offered
        environment.earlyData.offered += 1
        // Until the server has chosen.
        applicationProtocol = ticket.applicationProtocol
        return true
    }

    /// The handshake is complete: takes note of the outcome of early data, and sends it once more where the server rejected it.
    func settleEarlyData(agreedOn name: String?, ticketFor remembered: String?) {
        guard role == .client, earlyData == .offered, native != nil else { return }
        let isAccepted = tls?.acceptsEarlyData ?? true
        settleEarlyData(isAccepted: isAccepted)
        if !isAccepted { sendEarlyDataAgain(isSameProtocol: name == remembered) }
    }

    /// The server has seen nothing of it, so that nothing is handled twice by this, and the streams still have every byte. RFC 8446 §4.2.10
    /// leaves it to the application to send early data again, since it may have been made for another protocol. So it is sent again
    /// where the protocol is that of the ticket, and the streams are cancelled where it is not.
    private func sendEarlyDataAgain(isSameProtocol: Bool) {
        native?.forgetEarlyData()
        var early: [Stream] = []
        streams.forEach { early.append($0) }
        early.sort { $0.id.rawValue < $1.id.rawValue }
        sendQueue.removeAll()
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

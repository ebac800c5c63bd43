internal import BoundedMemory
internal import Datagrams
internal import QUICTransport

/// One client of a ``LifeSimulation``: its plan, and how far it has come.
final class Life {
    let plan: LifePlan
    /// Where it sends from, until it moves.
    let address: SocketAddress
    /// The client's side; nil once it is closed.
    var connection: Connection?
    /// The server's side, from the moment it exists.
    var serverHandle: ConnectionHandle?
    /// When the server's side was released, and why.
    var serverEnd: (time: MonotonicInstant, cause: CloseCause)?
    /// Whether its datagrams come from another port now.
    var hasMoved = false
    /// How many of its datagrams are under way to the server.
    var datagramsUnderWay = 0
    /// Whether the server has sent something to the address it moved to: first of all, PATH_CHALLENGE. RFC 9000 §9.3.
    var isChallenged = false
    /// When it vanished, at its point and in its manner; nil if it never got there.
    var vanishedAt: MonotonicInstant?
    /// What the server held for it at that moment.
    var bytesHeld = 0
    /// How long the server keeps a record of it, when the server closed first.
    var recordPeriod: Duration?

    init(plan: LifePlan, address: SocketAddress) {
        self.plan = plan
        self.address = address
    }

    /// The stream it opens, the first a client can open.
    private static let streamID = StreamID(0)
    /// This bit of a port says that the client has moved.
    static let movedPortBit: UInt16 = 0x8000

    /// Where its datagrams come from at the moment.
    var currentAddress: SocketAddress {
        var address = address
        if hasMoved { address.port |= Self.movedPortBit }
        return address
    }

    /// Whether neither side exists any more, and none can come to exist.
    var isOver: Bool { connection == nil && datagramsUnderWay == 0 && (serverHandle == nil || serverEnd != nil) }

    /// Whether what it has sent, or still sends, no longer arrives.
    var isCut: Bool { vanishedAt != nil && (plan.manner == .silence || plan.manner == .closeLost) }

    /// What its datagrams go through: a CONNECTION_CLOSE that is to arrive is not lost.
    var conditions: SimulatedNetwork.Conditions {
        var conditions = plan.conditions
        if vanishedAt != nil { conditions.loss = 0 }
        return conditions
    }

    /// Whether what the server sends no longer arrives.
    var isUnreachable: Bool { vanishedAt != nil && plan.manner == .sourceAddressGone }

    /// Whether the server's side is where the plan wants it; never for one that the server itself closes.
    func hasReachedPoint(at server: Connection) -> Bool {
        let stream = server.stream(Self.streamID)
        let received = stream?.receivedBytes ?? 0
        let isWhole = received == UInt64(plan.messageBytes)
        return switch plan.point {
        case .afterInitial, .halfClientHello: server.isHandshaking
        case .afterServersFlight: server.isHandshaking && connection?.state == .established
        case .inClosing: false
        case .afterFinished: server.state == .established && server.streamCount == 0
        case .streamOpen: isWhole && server.account.liveBytes(of: .rings) == 0
        case .halfSentStream: received > 0 && !isWhole
        case .unacknowledgedEcho: isWhole && server.account.liveBytes(of: .rings) > 0
        // The stream was opened after the update, so its bytes came under the new keys.
        case .inKeyUpdate: received > 0
        case .inMigration: isChallenged && server.path?.remote == currentAddress
        }
    }
}

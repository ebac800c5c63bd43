import BoundedMemory
import Datagrams
import QUICTransport

/// Finds the connection that a datagram is for: by its destination connection ID, or as the stateless reset of one.
///
/// Owns: two ``ConnectionIDMap``. Released by: retiring the last ID and forgetting the last token, or `deinit`. Bound: the IDs and tokens of
/// all connections, and the IDs of all closing records.
struct ConnectionRoutes: ~Copyable {
    private var ids: ConnectionIDMap
    /// By the last 16 bytes of the stateless resets, in the form of IDs.
    private var resetTokens: ConnectionIDMap
    /// The latest ID that was looked up, and where it leads: datagrams of one connection follow each other, and a look-up hashes.
    private var latest: (id: ConnectionID, handle: ConnectionHandle)?

    /// No routes, which take no memory.
    init(ledger: MemoryLedger) {
        ids = ConnectionIDMap(ledger: ledger)
        resetTokens = ConnectionIDMap(ledger: ledger)
    }

    /// Connection IDs that lead somewhere.
    var count: Int { ids.count }

    /// The bytes held from the allocator.
    var allocatedBytes: Int { ids.allocatedBytes + resetTokens.allocatedBytes }

    /// The handle `id` leads to.
    mutating func route(to id: ConnectionID) -> ConnectionHandle? {
        if let latest, latest.id == id { return latest.handle }
        guard let handle = ids.route(to: id) else { return nil }
        latest = (id, handle)
        return handle
    }

    /// Leads `newIDs` to `handle`; false, and nothing changes, when one of them already leads somewhere.
    mutating func insert(_ newIDs: [ConnectionID], for handle: ConnectionHandle) -> Bool {
        for index in newIDs.indices where !ids.insert(newIDs[index], for: handle) {
            retire(newIDs[..<index], from: handle)
            return false
        }
        return true
    }

    /// Ends the route of `id`, if it leads to `handle`: no connection can make another unreachable.
    mutating func retire(_ id: ConnectionID, from handle: ConnectionHandle) {
        if let latest, latest.id == id { self.latest = nil }
        ids.retire(id, from: handle)
    }

    /// The same for each of several.
    mutating func retire(_ oldIDs: some Sequence<ConnectionID>, from handle: ConnectionHandle) {
        for id in oldIDs { retire(id, from: handle) }
    }

    /// The same for each of a list.
    mutating func retire(_ list: borrowing ConnectionIDList, from handle: ConnectionHandle) {
        for index in 0..<list.count { retire(list[index], from: handle) }
    }
}

// MARK: - New connection IDs

extension ConnectionRoutes {
    /// Leads `id` to `handle`; false, and nothing changes, when it already leads somewhere.
    mutating func insert(_ id: ConnectionID, for handle: ConnectionHandle) -> Bool {
        ids.insert(id, for: handle)
    }

    /// How often an ID is drawn again when it is taken. Eleven random bytes never are; a broken random source ends here.
    private static let drawLimit = 8

    /// An ID from `source` that leads nowhere yet, if it has one.
    func unusedID(from source: inout ConnectionIDSource) -> ConnectionID {
        var id = source.makeConnectionID()
        for _ in 1..<Self.drawLimit where ids.route(to: id) != nil { id = source.makeConnectionID() }
        return id
    }
}

// MARK: - Stateless resets

extension ConnectionRoutes {
    /// A datagram that is shorter is no stateless reset. RFC 9000 §10.3.
    private static let resetBytesMinimum = 21

    /// The connection that `datagram` resets.
    ///
    /// RFC 9000 §10.3.1: an endpoint detects a potential Stateless Reset using the trailing 16 bytes of the UDP datagram,
    /// and MUST compare them when the first packet cannot be associated with a connection.
    func routeOfReset(_ datagram: RawSpan) -> ConnectionHandle? {
        guard resetTokens.count > 0, datagram.byteCount >= Self.resetBytesMinimum,
            let token = ConnectionID(datagram.extracting(last: 16))
        else { return nil }
        return resetTokens.route(to: token)
    }

    /// A stateless reset that ends in `token` ends the connection of `handle`.
    mutating func expectReset(withToken token: ConnectionID, of handle: ConnectionHandle) {
        _ = resetTokens.insert(token, for: handle)
    }

    /// It no longer does.
    mutating func forgetReset(withToken token: ConnectionID, of handle: ConnectionHandle) {
        resetTokens.retire(token, from: handle)
    }

    /// The same for each of a list.
    mutating func forgetResets(withTokens tokens: borrowing ConnectionIDList, of handle: ConnectionHandle) {
        for index in 0..<tokens.count { forgetReset(withToken: tokens[index], of: handle) }
    }
}

internal import QUICEndpoint
internal import QUICTransport

/// Finds the connections a server accepts, which it does not announce.
///
/// A server numbers its connections one after the other, and gives each the slot of one that ended or a new one, so the
/// next handle is one of a few.
struct AcceptedHandles {
    private var lastGeneration: UInt32 = 0
    private var vacatedSlots: [UInt32] = []
    private var nextSlot: UInt32 = 0

    /// How many slots were used since ``forgetSlots()``.
    var slotCount: Int { Int(nextSlot) }

    /// The connection accepted since the last one that was found or ended; nil when there is none.
    mutating func findNext(in server: Endpoint) -> Connection? {
        let generation = lastGeneration &+ 1
        for position in vacatedSlots.indices.reversed() {
            let handle = ConnectionHandle(index: vacatedSlots[position], generation: generation)
            guard let connection = server.connection(handle) else { continue }
            vacatedSlots.remove(at: position)
            lastGeneration = generation
            return connection
        }
        let next = ConnectionHandle(index: nextSlot, generation: generation)
        guard let connection = server.connection(next) else { return nil }
        nextSlot += 1
        lastGeneration = generation
        return connection
    }

    /// A connection ended: its slot is free, or will be when its closing record has expired.
    mutating func noteEnd(of handle: ConnectionHandle) {
        // One that ended before it was found may be the first in its slot.
        nextSlot = max(nextSlot, handle.index + 1)
        lastGeneration = max(lastGeneration, handle.generation)
        vacatedSlots.append(handle.index)
    }

    /// The server has no connection and no record left: it starts again with the first slot.
    mutating func forgetSlots() {
        vacatedSlots = []
        nextSlot = 0
    }
}

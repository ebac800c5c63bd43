import BoundedMemory
import EchoService
import QUICTesting
import QUICTransport
import Testing

@testable import QUICEndpoint

@Suite struct ConnectionSlotsTests {
    private static func isLive(_ occupant: ConnectionSet.Occupant) -> Bool {
        if case .live = occupant { true } else { false }
    }

    @Test func aHandleLeadsNowhereOnceItsPlaceHasAnotherTenant() throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        let tenant = try pair.connect()
        var slots = ConnectionSlots(ledger: MemoryLedger())
        // The table stays while it has one tenant.
        let neighbour = slots.take()
        slots.settle(.live(tenant), at: neighbour)
        let former = slots.take()
        slots.settle(.live(tenant), at: former)
        slots.free(former)
        let present = slots.take()
        slots.settle(.live(tenant), at: present)
        #expect(present.index == former.index)
        let occupants = (slots.occupant(of: former), slots.occupant(of: present))
        #expect(!Self.isLive(occupants.0) && Self.isLive(occupants.1))
        let connections = unsafe (slots.connection(former) == nil, slots.connection(present) == nil)
        #expect(connections.0 && !connections.1)
        slots.removeAll()
        pair.client.close(tenant, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

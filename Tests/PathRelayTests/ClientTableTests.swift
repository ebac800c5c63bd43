import Datagrams
import PathRelay
import Testing

@Suite struct ClientTableTests {
    private static let relay = SocketAddress(ipv4: 127, 0, 0, 1, port: 1)

    private static func path(_ port: UInt16) -> NetworkPath {
        NetworkPath(local: relay, remote: SocketAddress(ipv4: 127, 0, 0, 1, port: port))
    }

    private static func moment(_ milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func eachAddressHasAPlace() {
        var table = ClientTable(limit: 10)
        for round in 0..<3 {
            for port in UInt16(1)...10 {
                let admission = table.admit(Self.path(port), at: Self.moment(0))
                #expect(admission?.client == ClientID(place: UInt32(port - 1), generation: 0))
                #expect(admission?.isNew == (round == 0))
                #expect(admission?.hasEvicted == false)
                #expect(admission.flatMap { table.path(of: $0.client) } == Self.path(port))
            }
        }
    }

    @Test func aNewClientGetsThePlaceOfTheOneThatWasQuietTheLongest() throws {
        var table = ClientTable(limit: 3)
        for (port, milliseconds) in [(1, 0), (2, 10), (3, 20), (1, 30)] as [(UInt16, UInt64)] {
            let admission = table.admit(Self.path(port), at: Self.moment(milliseconds))
            #expect(admission != nil)
        }
        // The second one has been quiet for 999 ms, then for a second.
        let tooEarly = table.admit(Self.path(4), at: Self.moment(1_009))
        #expect(tooEarly == nil)
        let admitted = table.admit(Self.path(4), at: Self.moment(1_010))
        let admission = try #require(admitted)
        #expect(admission.isNew && admission.hasEvicted)
        #expect(admission.client == ClientID(place: 1, generation: 1))
        #expect(table.path(of: admission.client) == Self.path(4))
        #expect(table.path(of: ClientID(place: 1, generation: 0)) == nil)
        // The third one is next, not the first, which came back.
        let next = table.admit(Self.path(5), at: Self.moment(1_020))
        #expect(next?.client == ClientID(place: 2, generation: 1))
        let evicted = table.admit(Self.path(2), at: Self.moment(1_020))
        #expect(evicted == nil)
    }

    @Test func aClientIsReboundByTheFirstDatagramAfterEachInterval() {
        var never = RebindSchedule(every: nil, from: Self.moment(0))
        let isEverDue = never.isDue(at: Self.moment(1 << 40))
        #expect(!isEverDue)
        var schedule = RebindSchedule(every: .seconds(10), from: Self.moment(0))
        let due = [0, 9_999, 10_000, 10_001, 19_999, 25_000, 34_999, 35_000].filter {
            schedule.isDue(at: Self.moment($0))
        }
        #expect(due == [10_000, 25_000, 35_000])
    }
}

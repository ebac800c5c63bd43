import DatagramIO
import Datagrams
import Testing

@testable import QUICClient

/// The addresses of a host in virtual time. RFC 8305.
@Suite struct AddressRaceTests {
    private static let deadline = at(.seconds(10))

    private static func at(_ time: Duration) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000).advanced(by: time)
    }

    /// 192.0.2.`number`. RFC 5737.
    private func ipv4(_ number: UInt8) -> SocketAddress { SocketAddress(ipv4: 192, 0, 2, number, port: 443) }

    /// 2001:db8::`number`. RFC 3849.
    private func ipv6(_ number: UInt8) throws -> SocketAddress {
        try #require(SocketAddress("[2001:db8::\(number)]:443"))
    }

    private func race(_ addresses: [SocketAddress], preferring: SocketAddress? = nil) -> AddressRace<Int> {
        var race = AddressRace<Int>(to: "example.org", deadline: Self.deadline)
        race.resolve(.success(addresses), preferring: preferring, at: Self.at(.zero))
        return race
    }

    /// Takes all addresses, one attempt after the other.
    private func order(of race: AddressRace<Int>) -> [SocketAddress] {
        var race = race
        var order: [SocketAddress] = []
        while let address = race.takeAddress(at: Self.at(.zero)) {
            order.append(address)
            race.begin(order.count)
            race.fail(order.count, with: .timedOut, at: Self.at(.zero))
        }
        return order
    }

    @Test func nothingIsTriedBeforeTheAnswer() {
        var race = AddressRace<Int>(to: "example.org", deadline: Self.deadline)
        #expect(race.takeAddress(at: Self.at(.seconds(9))) == nil && race.failure(at: Self.at(.seconds(9))) == nil)
        #expect(race.nextDeadline == Self.deadline)
        #expect(race.failure(at: Self.deadline) == .unresolved(host: "example.org", .timedOut))
    }

    // RFC 8305 §4: "If the first address in the list is an IPv6 address, then the first address family is IPv6", and they alternate.
    @Test func theFamiliesTakeTurns() throws {
        let addresses = try [ipv6(1), ipv6(2), ipv6(3), ipv4(1), ipv4(2)]
        #expect(try order(of: race(addresses)) == [ipv6(1), ipv4(1), ipv6(2), ipv4(2), ipv6(3)])
        #expect(try order(of: race(addresses.reversed())) == [ipv4(2), ipv6(3), ipv4(1), ipv6(2), ipv6(1)])
        #expect(order(of: race([ipv4(1), ipv4(1), ipv4(2), ipv4(1)])) == [ipv4(1), ipv4(2)])
        #expect(order(of: race(addresses, preferring: ipv4(2))).first == ipv4(2))
        #expect(try order(of: race(addresses, preferring: ipv4(9))).first == ipv6(1))
        let many = (0..<100).map { ipv4($0) }
        #expect(order(of: race(many)) == Array(many.prefix(8)))
        #expect(order(of: race(many, preferring: many[50])) == [many[50]] + many.prefix(7))
    }

    // RFC 8305 §5: the next attempt begins after the Connection Attempt Delay, and those before it go on.
    @Test func theNextAddressIsTriedAfterTheDelay() throws {
        var race = try race([ipv6(1), ipv4(1), ipv4(2)])
        #expect(try race.takeAddress(at: Self.at(.zero)) == ipv6(1))
        race.begin(1)
        #expect(race.nextDeadline == Self.at(.milliseconds(250)))
        #expect(race.takeAddress(at: Self.at(.milliseconds(249))) == nil)
        #expect(race.takeAddress(at: Self.at(.milliseconds(250))) == ipv4(1))
        race.begin(2)
        #expect(race.attempts == [1, 2] && race.takeAddress(at: Self.at(.milliseconds(499))) == nil)
        #expect(race.takeAddress(at: Self.at(.milliseconds(500))) == ipv4(2))
        #expect(race.nextDeadline == Self.deadline)
    }

    /// An address without a route, or one that refuses, costs no time.
    @Test func theNextAddressIsTriedAtOnceAfterAFailure() throws {
        let unreachable = try unreachable()
        var race = try race([ipv6(1), ipv4(1), ipv4(2)])
        _ = race.takeAddress(at: Self.at(.zero))
        race.fail(nil, with: unreachable, at: Self.at(.zero))
        #expect(race.takeAddress(at: Self.at(.zero)) == ipv4(1))
        race.begin(2)
        race.fail(2, with: .refused, at: Self.at(.milliseconds(20)))
        #expect(race.failure(at: Self.at(.milliseconds(20))) == nil)
        #expect(race.nextDeadline == Self.at(.milliseconds(20)))
        #expect(race.takeAddress(at: Self.at(.milliseconds(20))) == ipv4(2))
        race.begin(3)
        race.fail(3, with: .timedOut, at: Self.at(.seconds(1)))
        // The most telling of the three.
        #expect(race.failure(at: Self.at(.seconds(1))) == .refused)
    }

    @Test func deadAddressesTimeOutTogether() throws {
        let unreachable = try unreachable()
        var race = try race([ipv6(1), ipv4(1)])
        _ = race.takeAddress(at: Self.at(.zero))
        race.fail(nil, with: unreachable, at: Self.at(.zero))
        _ = race.takeAddress(at: Self.at(.zero))
        race.begin(1)
        #expect(race.failure(at: Self.at(.seconds(9))) == nil)
        #expect(race.failure(at: Self.deadline) == .timedOut)
        // One that answered is told instead.
        race.fail(1, with: .certificateRefused, at: Self.at(.seconds(9)))
        #expect(race.failure(at: Self.at(.seconds(9))) == .certificateRefused)
        #expect(race.failure(at: Self.deadline) == .certificateRefused)
    }

    @Test func onlyUnreachableAddressesSaySo() throws {
        let unreachable = try unreachable()
        var race = try race([ipv6(1), ipv4(1)])
        while race.takeAddress(at: Self.at(.zero)) != nil { race.fail(nil, with: unreachable, at: Self.at(.zero)) }
        #expect(race.failure(at: Self.at(.zero)) == unreachable)
    }

    @Test func nothingBeginsAtTheDeadline() throws {
        var race = try race([ipv6(1)])
        #expect(race.takeAddress(at: Self.deadline) == nil && race.failure(at: Self.deadline) == .timedOut)
    }

    @Test func theFirstAnswerCounts() throws {
        let reason = LookupError.failed(reason: "Name or service not known", isTemporary: false)
        var race = AddressRace<Int>(to: "example.org", deadline: Self.deadline)
        race.resolve(.failure(reason), at: Self.at(.zero))
        race.resolve(.success([try ipv6(1)]), at: Self.at(.zero))
        #expect(race.takeAddress(at: Self.at(.zero)) == nil)
        let error = try #require(race.failure(at: Self.at(.zero)))
        #expect(error == .unresolved(host: "example.org", reason))
        #expect("\(error)" == "cannot find an address of 'example.org': Name or service not known")
        var empty = AddressRace<Int>(to: "example.org", deadline: Self.deadline)
        empty.resolve(.success([]), at: Self.at(.zero))
        #expect(empty.failure(at: Self.at(.zero)) == .unresolved(host: "example.org", .noAddress))
    }

    /// An error of the system's: nobody may send to everybody.
    private func unreachable() throws -> ConnectError {
        let error = #expect(throws: SocketError.self) {
            try SocketAddress.source(towards: SocketAddress(ipv4: 255, 255, 255, 255, port: 443))
        }
        return .unreachable(try #require(error))
    }
}

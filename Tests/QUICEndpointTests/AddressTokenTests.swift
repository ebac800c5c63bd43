import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// What a token is good for: once, for a time, with the keys of that time. RFC 9000 §8.1.4.
@Suite struct AddressTokenTests {
    private static let address = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)

    private func pair(_ policy: RetryPolicy, keys: TokenKeys, oneTimeTokens: OneTimeTokens? = nil) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = policy
        configuration.tokenKeys = keys
        configuration.oneTimeTokens = oneTimeTokens
        return try Pair(seed: 1, services: [EchoService()], configuration: configuration)
    }

    /// A token that a server with these keys gave the address at this moment.
    private func token(_ keys: TokenKeys, at now: MonotonicInstant) throws -> [UInt8] {
        try #require(AddressValidation(keys: keys).regularToken(for: Self.address, at: now))
    }

    /// What a server with these keys makes of such a token.
    private func verdict(_ keys: TokenKeys, on token: [UInt8], at now: MonotonicInstant) throws
        -> AddressValidation.Verdict
    {
        var writer = InitialPacketWriter(seed: 3, token: token)
        let datagram = writer.datagram([1])
        let initial = try #require(unsafe InitialPacket(datagram.span.bytes))
        return AddressValidation(keys: keys).verdict(on: initial, from: Self.address, at: now)
    }

    private func moment(_ seconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    // RFC 9000 §8.1.3: if the token is invalid, then the server SHOULD proceed as if the client did not have a validated
    // address.
    @Test func aTokenOfAnotherServerIsNoInvalidOneWhateverItBeginsWith() throws {
        var generator = SeededGenerator(seed: 9)
        let keys = TokenKeys()
        var verdicts: [AddressValidation.Verdict: Int] = [:]
        for length in 1...200 {
            // Those of ngtcp2 for a Retry, the older ones for a Retry, those for NEW_TOKEN, and any.
            for first in [UInt8(0xb7), 0xb6, 0x36, .random(in: .min ... .max, using: &generator)] {
                let rest = (1..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
                verdicts[try verdict(keys, on: [first] + rest, at: moment(1)), default: 0] += 1
            }
        }
        // One has the length of ours.
        #expect(verdicts.values.reduce(0, +) == 800)
        #expect(verdicts[.invalid, default: 0] <= 2)
        #expect(verdicts.keys.allSatisfy { $0 == .invalid || $0 == .unvalidated })
    }

    @Test func aTokenOfAnEarlierConnectionCountsOnce() throws {
        let keys = TokenKeys()
        let pair = try pair(.always, keys: keys)
        let token = try token(keys, at: pair.now)
        for attempt in 1...3 {
            let initial = try #require(try OpenedInitial(pair: pair))
            pair.inject(initial.datagram(token: token), from: Self.address)
            #expect(pair.server.statistics.connections.created == 1)
            #expect(pair.server.statistics.retries == attempt - 1)
        }
        let counts = pair.server.statistics.addressTokens
        #expect((counts.known, counts.retried, counts.spent) == (1, 0, 2))
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §8.1: without a proven address at most three times what came.
    @Test func aTokenThatWasUsedProvesNothingWhereNothingHasToBeProven() throws {
        let keys = TokenKeys()
        let pair = try pair(.auto, keys: keys)
        let token = try token(keys, at: pair.now)
        var sent = 0
        for _ in 1...2 {
            let initial = try #require(try OpenedInitial(pair: pair))
            sent = 0
            pair.network.admits = { transit in
                if transit.path.local == Self.address { sent += transit.bytes.count }
                return false
            }
            pair.inject(initial.datagram(token: token), from: Self.address)
            pair.run(for: .seconds(9))
        }
        #expect(pair.server.statistics.connections.created == 2)
        #expect(pair.server.statistics.addressTokens.spent == 1)
        #expect(sent > 0 && sent <= 3 * 1_200)
    }

    @Test func aTokenOfARetryProvesAnAddressOnce() throws {
        let pair = try pair(.always, keys: TokenKeys())
        var answers: [SimulatedNetwork.Transit] = []
        pair.network.admits = { transit in
            if transit.path.local == Pair.serverAddress, transit.bytes[0] & 0xf0 == 0xc0 { answers.append(transit) }
            return true
        }
        let connection = try #require(try pair.connectAndEstablish())
        #expect(pair.server.statistics.addressTokens.retried == 1)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(3))
        expectEverythingReturned(pair)
        // The first packet after the one that was answered with a Retry.
        let replayed = try #require(answers.dropFirst().first)
        var sent = 0
        pair.network.admits = { transit in
            if transit.path.remote == Pair.serverAddress { sent += transit.bytes.count }
            return false
        }
        pair.inject(replayed.bytes, from: replayed.path.remote)
        pair.run(for: .seconds(9))
        #expect(pair.server.statistics.addressTokens.spent == 1)
        // RFC 9000 §8.1: without a proven address at most three times what came.
        #expect(sent > 0 && sent <= 3 * replayed.bytes.count)
        #expect(pair.server.statistics.retries == 1)
        pair.run(for: .seconds(30))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §17.2.5.2: a client MUST discard a second Retry.
    @Test func aClientWhoseTokenIsTakenForAUsedOneByMistakeIsServedAllTheSame() throws {
        let tokens = OneTimeTokens()
        let pair = try pair(.always, keys: TokenKeys(), oneTimeTokens: tokens)
        pair.network.admits = { [unowned pair] transit in
            if let initial = unsafe InitialPacket(transit.bytes.span.bytes), !initial.token.isEmpty {
                _ = tokens.spend(initial.token, of: .retry, at: pair.now)
            }
            return true
        }
        let connection = try #require(try pair.connectAndEstablish())
        let counts = pair.server.statistics.addressTokens
        #expect((counts.known, counts.retried, counts.spent) == (0, 0, 1))
        #expect(pair.server.statistics.retries == 1)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(3))
        expectEverythingReturned(pair)
    }

    @Test func aKeyIsAcceptedInItsPeriodAndTheNext() throws {
        var keys = TokenKeys()
        keys.lifetime = .seconds(600)
        let token = try token(keys, at: moment(599))
        #expect(try verdict(keys, on: token, at: moment(599)) == .known)
        #expect(try verdict(keys, on: token, at: moment(601)) == .known)
        #expect(try verdict(keys, on: token, at: moment(1_199)) == .known)
        #expect(try verdict(keys, on: token, at: moment(1_200)) == .unvalidated)
    }

    @Test func aTokenIsGoodForAnHour() throws {
        let keys = TokenKeys()
        let token = try token(keys, at: moment(100))
        #expect(try verdict(keys, on: token, at: moment(3_699)) == .known)
        #expect(try verdict(keys, on: token, at: moment(3_700)) == .unvalidated)
    }

    // RFC 9000 §8.1.4: tokens sent in NEW_TOKEN frames MUST include information that allows the server to verify that the
    // client IP address has not changed from when the token was issued.
    @Test func aTokenOfAnotherAddressProvesNothing() throws {
        let keys = TokenKeys()
        let other = SocketAddress(ipv4: 203, 0, 113, 6, port: 999)
        let token = try #require(AddressValidation(keys: keys).regularToken(for: other, at: moment(1)))
        #expect(try verdict(keys, on: token, at: moment(1)) == .unvalidated)
        #expect(try verdict(keys, on: try self.token(keys, at: moment(1)), at: moment(1)) == .known)
    }

    // RFC 9000 §8.1.4: tokens sent in Retry packets SHOULD include information that allows the server to verify that the
    // source IP address and port in client packets remain constant.
    @Test func aTokenOfARetryIsGoodForTenSecondsAtOneAddress() throws {
        let validation = AddressValidation(keys: TokenKeys())
        var ids = ConnectionIDSource(workerIndex: 0, seed: 4)
        let (first, retrySource, client) = (
            ids.makeInitialDestination(), ids.makeConnectionID(), ids.makeInitialDestination()
        )
        var writer = InitialPacketWriter(destination: first, source: client)
        let initial = try #require(unsafe InitialPacket(writer.datagram([1]).span.bytes))
        let token = try #require(
            validation.retryToken(for: initial, retrySource: retrySource, remote: Self.address, at: moment(100))
        )
        func verdict(_ second: UInt64, from remote: SocketAddress = Self.address, to destination: ConnectionID) throws
            -> AddressValidation.Verdict
        {
            var writer = InitialPacketWriter(destination: destination, source: client, token: token)
            let answer = try #require(unsafe InitialPacket(writer.datagram([1]).span.bytes))
            return validation.verdict(on: answer, from: remote, at: moment(second))
        }
        #expect(try verdict(100, to: retrySource) == .retried(originalDestination: first))
        #expect(try verdict(109, to: retrySource) == .retried(originalDestination: first))
        #expect(try verdict(110, to: retrySource) == .invalid)
        #expect(try verdict(100, to: ids.makeConnectionID()) == .invalid)
        let other = SocketAddress(ipv4: 203, 0, 113, 6, port: 999)
        #expect(try verdict(100, from: other, to: retrySource) == .invalid)
    }

    @Test func processesWithOneSecretKnowEachOthersTokensWhateverTheirClocks() throws {
        var first = TokenKeys()
        first.clockOffset = .seconds(1_000_000)
        var second = TokenKeys(secret: first.secret)
        second.clockOffset = .seconds(1_000_500)
        let token = try token(first, at: moment(600))
        #expect(try verdict(second, on: token, at: moment(110)) == .known)
        #expect(try verdict(second, on: token, at: moment(3_701)) == .unvalidated)
        #expect(try verdict(TokenKeys(), on: token, at: moment(600)) == .unvalidated)
    }
}

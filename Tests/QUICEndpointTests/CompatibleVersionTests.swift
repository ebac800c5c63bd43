import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// Clients that begin with one version and offer another. RFC 9368 §2.3.
@Suite struct CompatibleVersionTests {
    /// The versions of both sides, and the one that they are to agree on.
    struct Negotiation: Sendable, CustomTestStringConvertible {
        let preferred: [QUICVersion]
        let first: QUICVersion
        let offered: [QUICVersion]
        let agreed: QUICVersion

        // RFC 9368 §2.3: "The server … selects … its negotiated version" among those that the client offers, by its own preference.
        static let all = [
            Negotiation(preferred: [.v2, .v1], first: .v1, offered: [.v2], agreed: .v2),
            Negotiation(preferred: [.v2, .v1], first: .v1, offered: [.v2, .v1], agreed: .v2),
            Negotiation(preferred: [.v2, .v1], first: .v1, offered: [], agreed: .v1),
            Negotiation(preferred: [.v2, .v1], first: .v2, offered: [], agreed: .v2),
            Negotiation(preferred: [.v2, .v1], first: .v2, offered: [.v1], agreed: .v2),
            Negotiation(preferred: [.v2], first: .v1, offered: [.v2], agreed: .v2),
            Negotiation(preferred: [.v2], first: .v1, offered: [], agreed: .v1),
            Negotiation(preferred: [.v1, .v2], first: .v2, offered: [.v1], agreed: .v1),
            Negotiation(preferred: [.v1], first: .v1, offered: [.v2], agreed: .v1),
            Negotiation(preferred: [], first: .v1, offered: [.v2], agreed: .v1),
            Negotiation(preferred: [], first: .v2, offered: [.v1], agreed: .v2),
        ]

        var testDescription: String { "\(preferred) for a client with \(first) that offers \(offered)" }
    }

    private static let address = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)

    private func pair(
        _ negotiation: Negotiation,
        seed: UInt64 = 1,
        loss: Double = 0,
        retryPolicy: RetryPolicy = .never
    ) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.transport.preferredVersions = negotiation.preferred
        configuration.admission.retryPolicy = retryPolicy
        var clientConfiguration = EndpointConfiguration()
        clientConfiguration.transport.offeredVersions = negotiation.offered
        return try Pair(
            seed: seed,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            conditions: .init(jitter: loss > 0 ? .milliseconds(2) : .zero, loss: loss, duplication: 0)
        )
    }

    private func expectEcho(_ negotiation: Negotiation, in pair: Pair) throws {
        let connection = try pair.connect(version: negotiation.first)
        pair.run(for: .seconds(9)) { connection.state == .established }
        try #require(connection.state == .established)
        #expect(connection.version == negotiation.agreed)
        let stream = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(9)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == [1, 2, 3])
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test(arguments: Negotiation.all)
    func bothSidesAgreeOnTheVersionThatTheServerPrefers(_ negotiation: Negotiation) throws {
        try expectEcho(negotiation, in: pair(negotiation))
    }

    @Test(arguments: [RetryPolicy.never, .always])
    func theVersionChangesOnLossyPathsAndAfterARetryAsWell(policy: RetryPolicy) throws {
        for seed in UInt64(1)...20 {
            let negotiation = Negotiation.all[0]
            try expectEcho(negotiation, in: pair(negotiation, seed: seed, loss: 0.1, retryPolicy: policy))
        }
    }

    @Test func aHandshakeThatChangesItsVersionIsWithinTheLimitsOfOthers() throws {
        let negotiation = Negotiation.all[0]
        let pair = try pair(negotiation)
        try expectEcho(negotiation, in: pair)
        let ledger = pair.server.ledger
        #expect(ledger.usage(of: .transport).peakBytes <= MemoryFigures.handshakeTransportBytes)
        #expect(ledger.totalUsage.peakBytes <= TransportConfiguration.handshakeFloorBytes)
    }

    private enum MemoryFigures {
        /// 30,224 bytes without a change, and 30,384 with the keys of another version's Initial packets.
        static let handshakeTransportBytes = 31 << 10
    }

    /// What a server makes of `token` in the first packet of a client that begins with `version`.
    private func verdict(_ validation: AddressValidation, on token: [UInt8], version: QUICVersion) throws
        -> AddressValidation.Verdict
    {
        // RFC 9369 §3.2: an Initial packet has type 0b01 in version 2, and 0b00 in version 1.
        let first: UInt8 = version == .v2 ? 0xd0 : 0xc0
        let id = [UInt8](repeating: 7, count: 8)
        var datagram = [first] + version.rawValue.bigEndianBytes + [8] + id + [8] + id
        datagram += varint(UInt64(token.count)) + token + varint(1_000)
        datagram += [UInt8](repeating: 0, count: 1_000 + max(0, 200 - datagram.count))
        let initial = try #require(unsafe InitialPacket(datagram.span.bytes))
        #expect(initial.token == token)
        return validation.verdict(on: initial, from: Self.address, at: MonotonicInstant(nanoseconds: 2_000_000_000))
    }

    // RFC 9369 §5: "Servers MUST validate the originating version of any session ticket or token and MUST NOT accept one issued
    // from a different version. A rejected token results in the client address remaining unverified".
    @Test func aTokenCountsInItsOwnVersionAlone() throws {
        let validation = AddressValidation(keys: TokenKeys())
        let now = MonotonicInstant(nanoseconds: 1_000_000_000)
        for issued in [QUICVersion.v1, .v2] {
            let token = try #require(validation.regularToken(for: Self.address, version: issued, at: now))
            for used in [QUICVersion.v1, .v2] {
                let verdict = try verdict(validation, on: token, version: used)
                #expect(verdict == (issued == used ? .known : .unvalidated), "\(issued) in \(used)")
            }
        }
    }

    // RFC 9369 §5: "A rejected ticket results in falling back to a full TLS handshake, without 0-RTT."
    @Test func aTicketCountsInTheVersionOfItsConnectionAlone() throws {
        for issued in [QUICVersion.v1, .v2] {
            for used in [QUICVersion.v1, .v2] {
                var offers: [QUICVersion] = []
                // A ticket of version 2 comes from a connection that began with version 1 and changed.
                if issued == .v2 { offers = [.v2] }
                var clientConfiguration = EndpointConfiguration()
                clientConfiguration.transport.offeredVersions = offers
                let pair = try Pair(
                    seed: 1,
                    services: [EchoService()],
                    clientConfiguration: clientConfiguration,
                    resumesSessions: true
                )
                var resumed: [Bool] = []
                pair.client.onEstablish = { resumed.append($0.isResumed) }
                for version in [QUICVersion.v1, used] {
                    let connection = try pair.connect(version: version)
                    pair.run(for: .seconds(5))
                    try #require(connection.state == .established)
                    pair.client.close(connection, at: pair.now)
                    pair.run(for: .seconds(60))
                }
                #expect(resumed == [false, issued == used], "\(issued) in \(used)")
                expectEverythingReturned(pair)
            }
        }
    }
}

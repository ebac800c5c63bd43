import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Connections give the ciphers of their keys back while they are quiet.
@Suite struct ProtectionKeysTests {
    /// A cipher, by GnuTLS's name for it, and the bytes of a connection's keys with it. RFC 9001 §5.3.
    struct Cipher: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let blockBytes: Int

        static let all = [
            Cipher(testDescription: "AES-128-GCM", blockBytes: 168),
            Cipher(testDescription: "AES-256-GCM", blockBytes: 280),
            Cipher(testDescription: "CHACHA20-POLY1305", blockBytes: 280),
        ]
    }

    /// Longer than ciphers stay that nobody uses.
    private static let quietTime = Duration.seconds(5)
    /// The server's side of the first connection.
    private static let handle = ConnectionHandle(index: 0, generation: 1)

    private func pair(_ cipher: Cipher, seed: UInt64 = 1) throws -> Pair {
        var hello = ClientHelloChanges()
        hello.cipher = cipher.testDescription
        return try Pair(
            seed: seed,
            services: [EchoService()],
            clientConfiguration: EchoTests.generousClient,
            hello: hello
        )
    }

    /// ngtcp2 keeps a client's cipher for Retry packets as long as the client. RFC 9001 §5.8.
    private static let retryCipherBlocks = 2

    private func expectKeysAlone(_ pair: Pair, _ cipher: Cipher, sourceLocation: SourceLocation = #_sourceLocation) {
        let server = pair.server.ledger.usage(of: .tls)
        let client = pair.client.ledger.usage(of: .tls)
        // The allocator adds 16 bytes where they would be too few for a block.
        let bytes = cipher.blockBytes...cipher.blockBytes + 16
        #expect(bytes.contains(server.liveBytes) && server.liveBlocks == 1, sourceLocation: sourceLocation)
        #expect(client.liveBlocks == 1 + Self.retryCipherBlocks, sourceLocation: sourceLocation)
    }

    private func expectEcho(_ byte: UInt8, on connection: Connection, _ pair: Pair) throws {
        let stream = try pair.send([byte], on: connection)
        pair.run(for: .seconds(1)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == [byte])
        #expect(pair.server.ledger.usage(of: .tls).liveBlocks > 1)
        #expect(pair.client.ledger.usage(of: .tls).liveBlocks > 1 + Self.retryCipherBlocks)
    }

    private func expectEnd(of connection: Connection, _ pair: Pair) {
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        #expect(pair.serverCloses == [.peerClose])
        expectEverythingReturned(pair)
    }

    @Test(arguments: Cipher.all)
    func aQuietConnectionHoldsItsKeysAlone(_ cipher: Cipher) throws {
        let pair = try pair(cipher)
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: Self.quietTime)
        expectKeysAlone(pair, cipher)
        for byte in UInt8(0)..<3 {
            try expectEcho(byte, on: connection, pair)
            pair.run(for: Self.quietTime)
            expectKeysAlone(pair, cipher)
        }
        expectEnd(of: connection, pair)
    }

    // RFC 9001 §6: either side may update its keys, and the other follows.
    @Test(arguments: Cipher.all, [QUICVersion.v1, .v2])
    func keysAreUpdatedBetweenQuietTimes(_ cipher: Cipher, _ version: QUICVersion) throws {
        let pair = try pair(cipher)
        let connection = try pair.connect(version: version)
        pair.run(for: Self.quietTime)
        try #require(connection.state == .established && connection.version == version)
        for round in UInt8(0)..<6 {
            let server = try #require(pair.server.connection(Self.handle))
            try (round.isMultiple(of: 2) ? connection : server).updateKeys(at: pair.now)
            // The second exchange lets ngtcp2 derive the keys of the next phase.
            for byte in [2 * round, 2 * round + 1] {
                try expectEcho(byte, on: connection, pair)
                pair.run(for: Self.quietTime)
            }
            expectKeysAlone(pair, cipher)
        }
        expectEnd(of: connection, pair)
    }

    /// So nobody has taken the memory for the ciphers that a connection at rest makes again.
    @Test(arguments: Cipher.all)
    func allCiphersOfAConnectionAreWithinItsFloor(_ cipher: Cipher) throws {
        let pair = try pair(cipher)
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: Self.quietTime)
        let resting = try #require(pair.server.reports(at: pair.now).first)
        try expectEcho(1, on: connection, pair)
        let beforeUpdate = pair.server.ledger.usage(of: .tls).liveBytes
        try connection.updateKeys(at: pair.now)
        try expectEcho(2, on: connection, pair)
        // The AEAD of packets from before the update is there until the next keys are derived.
        let most = pair.server.ledger.usage(of: .tls).liveBytes
        #expect(most > beforeUpdate)
        let restingKeyBytes = try #require(resting.liveBytes[.tls])
        #expect(resting.totalBytes - restingKeyBytes + most <= resting.floorBytes, "\(resting.liveBytes) \(most)")
    }

    @Test func aConnectionInUseKeepsItsCiphers() throws {
        let pair = try pair(Cipher.all[0])
        let connection = try #require(try pair.connectAndEstablish())
        for byte in UInt8(0)..<40 {
            pair.run(for: .milliseconds(400))
            #expect(pair.server.ledger.usage(of: .tls).liveBlocks > 1, "before message \(byte)")
            try expectEcho(byte, on: connection, pair)
        }
        expectEnd(of: connection, pair)
    }

    @Test func aForgedPacketChangesNothingForLong() throws {
        let pair = try pair(Cipher.all[0])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: Self.quietTime)
        var packet: [UInt8] = []
        pair.network.admits = { transit in
            if transit.path.local == Pair.serverAddress { packet = transit.bytes }
            return true
        }
        try expectEcho(1, on: connection, pair)
        pair.run(for: Self.quietTime)
        packet[packet.count - 1] ^= 1
        let path = try #require(connection.path)
        for _ in 0..<3 {
            pair.inject(packet, from: path.local)
            #expect(pair.server.ledger.usage(of: .tls).liveBlocks > 1)
            pair.run(for: Self.quietTime)
            expectKeysAlone(pair, Cipher.all[0])
        }
        try expectEcho(2, on: connection, pair)
        expectEnd(of: connection, pair)
    }
}

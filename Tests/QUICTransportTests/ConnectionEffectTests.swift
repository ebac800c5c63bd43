import BoundedMemory
import Datagrams
import QUICTesting
import Testing

@testable import QUICTransport

/// The effects of connections without endpoints: a test does as an endpoint does, and sees each of them.
@Suite struct ConnectionEffectTests {
    /// A service that notes what it is told.
    private final class Witness: StreamService {
        let applicationProtocol = "echo"
        var events: [String] = []
        var closesAtOnce = false

        func connectionDidOpen(_ connection: Connection) {
            events.append("open, with \(connection.context == nil ? "nothing" : "a context")")
            if closesAtOnce { connection.close(code: 7) }
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {}
    }

    private final class Context {}

    /// A client and a server, and the datagrams between them.
    private final class Couple {
        let clientService = Witness()
        let serverService = Witness()
        let client: Connection
        private(set) var server: Connection?
        let serverIDs: ConnectionIDSource
        let clientEnvironment: ConnectionEnvironment
        let serverEnvironment: ConnectionEnvironment
        var now = MonotonicInstant(nanoseconds: 1_000_000_000)
        private let serverTLS: TLSServerContext
        private let clientTLS: TLSClientContext
        private let batch = TransmitBatch()
        private static let path = NetworkPath(
            local: SocketAddress(ipv4: 198, 51, 100, 7, port: 9_999),
            remote: SocketAddress(ipv4: 192, 0, 2, 1, port: 4_433)
        )

        init() throws {
            let protocols = try ApplicationProtocols(["echo"])
            serverTLS = try TLSServerContext(certificate: .selfSigned, protocols: protocols)
            clientTLS = try TLSClientContext(protocols: protocols)
            serverIDs = ConnectionIDSource(workerIndex: 0, seed: 1)
            serverEnvironment = Self.environment(serverService, serverIDs, isServer: true)
            clientEnvironment = Self.environment(clientService, ConnectionIDSource(workerIndex: 0, seed: 2))
            client = try Self.connect(in: clientEnvironment, clientTLS, number: 0, at: now)
        }

        deinit {
            for connection in [client, server] where connection?.state != .closed { connection?.release() }
        }

        private static func environment(
            _ service: Witness,
            _ ids: ConnectionIDSource,
            isServer: Bool = false
        ) -> ConnectionEnvironment {
            ConnectionEnvironment(
                configuration: TransportConfiguration(),
                ledger: MemoryLedger(),
                resetSecret: EndpointSecret(),
                ids: ids,
                services: .single(service),
                addressValidation: isServer ? AddressValidation(secret: EndpointSecret()) : nil
            )
        }

        private static func connect(
            in environment: ConnectionEnvironment,
            _ tls: TLSClientContext,
            number: UInt32,
            at now: MonotonicInstant
        ) throws -> Connection {
            try Connection.connect(
                source: environment.ids.makeConnectionID(),
                destination: environment.ids.makeInitialDestination(),
                path: path,
                handle: ConnectionHandle(index: number, generation: 1),
                environment: environment,
                tls: tls,
                at: now
            )
        }

        /// Another connection of the client's, which sends nothing.
        func connectAgain(number: UInt32) throws -> Connection {
            try Self.connect(in: clientEnvironment, clientTLS, number: number, at: now)
        }

        /// Brings what the client has to send to the server; says how the server's connection ended.
        func clientSends() throws -> ConnectionEnd? {
            try send(from: client) { bytes in
                let server = try self.server ?? accept(bytes)
                self.server = server
                return server.receive(bytes, path: Self.path.reversed, ecn: .notCapable, at: now)
            }
        }

        /// The other way round.
        func serverSends() throws -> ConnectionEnd? {
            try send(from: #require(server)) { client.receive($0, path: Self.path, ecn: .notCapable, at: now) }
        }

        /// The datagrams that `connection` has, before any of them leaves.
        func fillBatch(from connection: Connection) -> Int {
            now = now.advanced(by: .milliseconds(10))
            while connection.transmit(into: batch, at: now) == .more {}
            return batch.count
        }

        /// Has all of them arrive.
        func deliver(_ receive: (RawSpan) throws -> ConnectionEnd?) rethrows -> ConnectionEnd? {
            defer { batch.removeAll() }
            for entry in batch.entries {
                if let end = try batch.withBytes(of: entry, receive) { return end }
            }
            return nil
        }

        private func send(
            from connection: Connection,
            _ receive: (RawSpan) throws -> ConnectionEnd?
        ) throws -> ConnectionEnd? {
            _ = fillBatch(from: connection)
            return try deliver(receive)
        }

        private func accept(_ bytes: RawSpan) throws -> Connection {
            let initial = InitialPacket(bytes)
            return try Connection.accept(
                #require(initial),
                retriedFrom: nil,
                isAddressProven: false,
                source: serverEnvironment.ids.makeConnectionID(),
                path: Self.path.reversed,
                handle: ConnectionHandle(index: 0, generation: 1),
                environment: serverEnvironment,
                tls: serverTLS,
                at: now
            )
        }
    }

    private func effects(of connection: Connection?) -> [ConnectionEffect] {
        var effects: [ConnectionEffect] = []
        while let effect = connection?.nextEffect() { effects.append(effect) }
        return effects
    }

    private func issued(_ effects: [ConnectionEffect]) -> [ConnectionID] {
        effects.compactMap { if case .issued(let id) = $0 { id } else { nil } }
    }

    // MARK: The handshake

    @Test func aCompletedHandshakeIsToldOfOnceAndFirst() throws {
        let couple = try Couple()
        #expect(try couple.clientSends() == nil)
        #expect(effects(of: couple.server) == [] && couple.server?.hasEffects == false)
        #expect(try couple.serverSends() == nil)
        #expect(couple.client.state == .established && couple.client.hasEffects)
        let atClient = effects(of: couple.client)
        #expect(atClient.first == .established)
        #expect(atClient.count { $0 == .established } == 1)
        #expect(try couple.clientSends() == nil)
        #expect(couple.server?.state == .established)
        #expect(effects(of: couple.server).first == .established)
        #expect(effects(of: couple.server) == [] && couple.server?.hasEffects == false)
    }

    /// An endpoint may ask what TLS knows, and the session takes 10 KB: it is there until then, and no longer.
    @Test func theTLSSessionIsThereUntilTheEndpointWasTold() throws {
        let couple = try Couple()
        _ = try couple.clientSends()
        _ = try couple.serverSends()
        let client = couple.client
        let before = client.account.liveBytes(of: .tls)
        #expect(client.peerCertificate != nil)
        #expect(client.nextEffect() == .established)
        #expect(client.peerCertificate != nil, "the endpoint follows the effect now")
        _ = effects(of: client)
        #expect(client.peerCertificate == nil)
        #expect(client.account.liveBytes(of: .tls) < before - 5_000)
    }

    @Test func anEndInTheMiddleOfAnEventLeavesNothingOut() throws {
        let couple = try Couple()
        couple.serverService.closesAtOnce = true
        _ = try couple.clientSends()
        _ = try couple.serverSends()
        let end = try couple.clientSends()
        #expect(end == .close(.localClose))
        #expect(effects(of: couple.server).first == .established)
    }

    @Test func aConnectionThatIsReleasedHasNothingMoreToTell() throws {
        let couple = try Couple()
        _ = try couple.clientSends()
        _ = try couple.serverSends()
        #expect(couple.client.hasEffects)
        couple.client.release()
        #expect(!couple.client.hasEffects && couple.client.nextEffect() == nil)
        #expect(couple.clientEnvironment.ledger.isEmpty)
    }

    // MARK: Before a client's service is told

    @Test func aClientsApplicationIsAskedBeforeItsService() throws {
        let couple = try Couple()
        couple.clientEnvironment.willOpen = { [witness = couple.clientService] connection in
            #expect(witness.events == [] && connection.state == .established)
            connection.context = Context()
        }
        _ = try couple.clientSends()
        _ = try couple.serverSends()
        #expect(couple.clientService.events == ["open, with a context"])
    }

    @Test func aConnectionThatItsApplicationClosesThenDoesNotOpen() throws {
        let couple = try Couple()
        couple.clientEnvironment.willOpen = { $0.close() }
        _ = try couple.clientSends()
        #expect(try couple.serverSends() == .close(.localClose))
        #expect(couple.clientService.events == [])
        #expect(effects(of: couple.client).first == .established)
    }

    /// As where its timeout has come, and the close packet has not left yet.
    @Test func aConnectionThatIsClosedWhenItsHandshakeCompletesDoesNotOpen() throws {
        let couple = try Couple()
        var asked = 0
        couple.clientEnvironment.willOpen = { _ in asked += 1 }
        _ = try couple.clientSends()
        couple.client.close()
        #expect(try couple.serverSends() == .close(.localClose))
        #expect(asked == 0 && couple.clientService.events == [])
        #expect(effects(of: couple.client).first == .established)
    }

    // MARK: Connection IDs

    // RFC 9000 §19.15: NEW_CONNECTION_ID tells the peer of an ID; a packet to it may be the answer to that very packet.
    @Test func anIDIsToldOfBeforeThePacketThatBringsItLeaves() throws {
        let couple = try Couple()
        _ = try couple.clientSends()
        _ = try couple.serverSends()
        _ = try couple.clientSends()
        let server = try #require(couple.server)
        var ids = couple.serverIDs
        let (first, second) = (ids.makeConnectionID(), ids.makeConnectionID())
        #expect(couple.fillBatch(from: server) > 0)
        #expect(issued(effects(of: server)) == [second])
        let known = (0..<server.sourceConnectionIDs.count).map { server.sourceConnectionIDs[$0] }
        #expect(known.contains(first) && known.contains(second))
        _ = couple.deliver { _ in nil }
    }

    @Test func anIDAndATokenThatComeAndGoInOneEventAreNotToldOf() throws {
        let couple = try Couple()
        let client = couple.client
        let (id, _) = try #require(client.issueConnectionID())
        client.retireConnectionID(id)
        client.note(id, isActive: true)
        client.note(id, isActive: false)
        #expect(effects(of: client) == [])
    }

    @Test func whatTheEndpointKnowsIsToldOfWhenItGoes() throws {
        let couple = try Couple()
        let client = couple.client
        let (id, _) = try #require(client.issueConnectionID())
        var ids = ConnectionIDSource(workerIndex: 0, seed: 9)
        let (token, next) = (ids.makeConnectionID(), ids.makeConnectionID())
        client.note(token, isActive: true)
        #expect(effects(of: client) == [.issued(id), .expectsReset(token: token)])
        client.note(next, isActive: true)
        client.note(token, isActive: false)
        client.retireConnectionID(id)
        #expect(effects(of: client) == [.retired(id), .forgetsReset(token: token), .expectsReset(token: next)])
        #expect(effects(of: client) == [])
    }

    // A datagram of 1,500 bytes has room for 71 NEW_CONNECTION_ID frames, each of which may retire what came before.
    @Test func aFloodOfTokensTakesTheRoomOfAFew() throws {
        let couple = try Couple()
        let client = couple.client
        var ids = ConnectionIDSource(workerIndex: 0, seed: 9)
        var token = ids.makeConnectionID()
        let (first, before) = (token, client.account.liveBytes(of: .table))
        client.note(token, isActive: true)
        _ = effects(of: client)
        for _ in 0..<1_000 {
            client.note(token, isActive: false)
            token = ids.makeConnectionID()
            client.note(token, isActive: true)
        }
        #expect(client.account.liveBytes(of: .table) - before < 150)
        #expect(effects(of: client) == [.forgetsReset(token: first), .expectsReset(token: token)])
    }

    // MARK: Commands

    @Test func connectionsThatGetCommandsAreToldOfInOrderAndOnce() throws {
        let couple = try Couple()
        let others = try (1...3).map { try couple.connectAgain(number: $0) }
        defer { for other in others { other.release() } }
        let environment = couple.clientEnvironment
        #expect(!environment.hasCommanded && environment.takeCommanded() == nil)
        for number in [1, 0, 1, 2, 0] { others[number].keepAlive(every: .seconds(1)) }
        #expect(environment.hasCommanded)
        #expect([1, 0, 2].map { others[$0].handle } == (0..<3).compactMap { _ in environment.takeCommanded() })
        #expect(!environment.hasCommanded)
        others[1].close()
        #expect(environment.takeCommanded() == others[1].handle)
    }

    @Test(arguments: 0..<3)
    func aConnectionThatIsReleasedIsNotAmongThem(number: Int) throws {
        let couple = try Couple()
        var others = try (1...3).map { try couple.connectAgain(number: $0) }
        for other in others { other.keepAlive(every: .seconds(1)) }
        let released = others.remove(at: number)
        released.release()
        released.keepAlive(every: .seconds(2))
        let environment = couple.clientEnvironment
        others[1].keepAlive(every: .seconds(2))
        #expect(others.map(\.handle) == (0..<2).compactMap { _ in environment.takeCommanded() })
        #expect(!environment.hasCommanded)
        others[0].keepAlive(every: .seconds(3))
        #expect(environment.takeCommanded() == others[0].handle)
        for other in others { other.release() }
    }
}

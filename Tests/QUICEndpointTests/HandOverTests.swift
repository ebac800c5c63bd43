import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Packets that reach the endpoint of another worker than their connection's.
@Suite struct HandOverTests {
    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)
    private static let path = NetworkPath(local: Pair.serverAddress, remote: stranger)
    /// A short header whose connection ID begins with worker 0.
    private static let packet: [UInt8] = [0x40, 0] + [UInt8](repeating: 0x5a, count: 98)

    /// One call of ``Endpoint/onOtherWorker``.
    private struct Handed: Equatable {
        let worker: Int
        let bytes: [UInt8]
        let path: NetworkPath
        let ecn: ECN
    }

    private func configuration(worker: UInt8, of count: Int = 2) -> EndpointConfiguration {
        var configuration = EndpointConfiguration()
        configuration.workerIndex = worker
        configuration.workerCount = count
        return configuration
    }

    private func endpoint(worker: UInt8, of count: Int = 2) throws -> Endpoint {
        let protocols = try ApplicationProtocols(["echo"])
        let tls = try TLSServerContext(certificate: .selfSigned, protocols: protocols)
        return Endpoint(configuration: configuration(worker: worker, of: count), tls: tls, services: [EchoService()])
    }

    /// What `endpoint` hands over of `datagrams`.
    private func handed(by endpoint: Endpoint, _ datagrams: [UInt8]...) -> [Handed] {
        var handed: [Handed] = []
        endpoint.onOtherWorker = { worker, datagram, path, ecn in
            handed.append(Handed(worker: worker, bytes: Array(copying: datagram), path: path, ecn: ecn))
            return true
        }
        let now = MonotonicInstant(nanoseconds: 1)
        for bytes in datagrams {
            unsafe endpoint.receive(bytes.span.bytes, path: Self.path, ecn: .capable0, at: now)
        }
        endpoint.onOtherWorker = { _, _, _, _ in false }
        return handed
    }

    @Test func aPacketOfAnotherWorkersConnectionIsHandedOver() throws {
        let endpoint = try endpoint(worker: 1)
        let calls = handed(by: endpoint, Self.packet)
        #expect(calls == [Handed(worker: 0, bytes: Self.packet, path: Self.path, ecn: .capable0)])
        #expect(endpoint.statistics.drops.isEmpty)
        #expect(endpoint.statistics.statelessResets == 0)
        #expect(endpoint.statistics.received.datagrams == 1)
    }

    @Test func withoutAnOwnerItIsDropped() throws {
        let endpoint = try endpoint(worker: 1)
        let now = MonotonicInstant(nanoseconds: 1)
        unsafe endpoint.receive(Self.packet.span.bytes, path: Self.path, ecn: .notCapable, at: now)
        #expect(endpoint.statistics.drops == [.otherWorker: 1])
        #expect(endpoint.statistics.statelessResets == 0)
    }

    /// There is no loop: an ID names one worker, and that one keeps what it gets, whoever received it.
    @Test(arguments: [true, false])
    func theWorkerThatAPacketNamesNeverHandsItOn(isHandedOver: Bool) throws {
        let endpoint = try endpoint(worker: 0)
        endpoint.onOtherWorker = { _, _, _, _ in
            Issue.record("handed on")
            return true
        }
        let now = MonotonicInstant(nanoseconds: 1)
        let bytes = Self.packet
        unsafe endpoint.receive(
            bytes.span.bytes,
            path: Self.path,
            ecn: .notCapable,
            at: now,
            isHandedOver: isHandedOver
        )
        #expect(endpoint.statistics.statelessResets == 1)
        #expect(endpoint.statistics.received.datagrams == (isHandedOver ? 0 : 1))
        #expect(endpoint.statistics.ecnMarks == [isHandedOver ? 0 : 1, 0, 0, 0])
    }

    @Test func anIndexBeyondTheWorkersNamesNobody() throws {
        let endpoint = try endpoint(worker: 1)
        #expect(handed(by: endpoint, [0x40, 2] + Self.packet[2...]).isEmpty)
        #expect(endpoint.statistics.statelessResets == 1)
    }

    /// RFC 9000 §7.2: a client makes the ID of its first packets up, so one in many names another worker by chance.
    @Test func aFirstInitialOpensItsConnectionAtTheWorkerItNames() throws {
        let id: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
        let destination = try #require(unsafe ConnectionID(id.span.bytes))
        var writer = InitialPacketWriter(destination: destination, source: ConnectionID())
        let datagram = writer.datagram([0x01])
        let endpoint = try endpoint(worker: 1)
        #expect(handed(by: endpoint, datagram).map(\.worker) == [0])
        #expect(endpoint.statistics.admissions.isEmpty)
        let named = try self.endpoint(worker: 0)
        #expect(handed(by: named, datagram).isEmpty)
        #expect(named.statistics.admissions == ["accept": 1])
        #expect(named.statistics.drops.isEmpty)
    }

    /// A Handshake packet opens nothing anywhere: its ID is one that a worker issued.
    @Test func aHandshakePacketIsHandedOver() throws {
        let header: [UInt8] = [0xe0, 0, 0, 0, 1, 12] + [UInt8](repeating: 0, count: 12) + [0, 0x40, 100]
        let packet = header + [UInt8](repeating: 0x5a, count: 100)
        #expect(handed(by: try endpoint(worker: 1), packet).map(\.worker) == [0])
        let owner = try endpoint(worker: 0)
        #expect(handed(by: owner, packet).isEmpty)
        #expect(owner.statistics.drops == [.unroutable: 1])
    }

    @Test func aLongHeaderWithAnIDThatNoWorkerIssuesIsDropped() throws {
        let header: [UInt8] = [0xe0, 0, 0, 0, 1, 8] + [UInt8](repeating: 0, count: 8) + [0, 0x40, 100]
        let endpoint = try endpoint(worker: 1)
        #expect(handed(by: endpoint, header + [UInt8](repeating: 0x5a, count: 100)).isEmpty)
        #expect(endpoint.statistics.drops == [.unroutable: 1])
    }

    @Test func aConnectionLivesThoughItsPacketsAllReachTheOtherWorker() throws {
        let pair = try Pair(
            seed: 4,
            services: [EchoService()],
            configuration: configuration(worker: 1),
            clientConfiguration: EchoTests.generousClient
        )
        let other = try endpoint(worker: 0)
        other.onOtherWorker = { [unowned pair] worker, datagram, path, ecn in
            #expect(worker == 1)
            pair.server.receive(datagram, path: path, ecn: ecn, at: pair.now, isHandedOver: true)
            return true
        }
        let connection = try #require(try pair.connectAndEstablish())
        var strayed = 0
        pair.network.admits = { [unowned pair] transit in
            guard transit.path.local == Pair.serverAddress else { return true }
            strayed += 1
            let bytes = transit.bytes
            unsafe other.receive(bytes.span.bytes, path: transit.path, ecn: transit.ecn, at: pair.now)
            return false
        }
        let bytes = message(of: 100_000, seed: 4)
        let stream = try pair.send(bytes, on: connection)
        pair.run(for: .seconds(5))
        #expect(pair.recorder.received(on: connection, stream) == .init(bytes: bytes, isComplete: true))
        #expect(strayed > 50)
        #expect(other.statistics.drops.isEmpty)
        #expect(other.statistics.received.datagrams == strayed)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(5))
        expectEverythingReturned(pair)
        #expect(pair.serverCloses == [.peerClose])
    }

    /// The Initial packets of a client's second flight go to the ID that the server issued.
    @Test func aHandshakeCompletesThoughAllButItsFirstPacketReachTheOtherWorker() throws {
        let pair = try Pair(seed: 9, services: [EchoService()], configuration: configuration(worker: 1))
        let other = try endpoint(worker: 0)
        other.onOtherWorker = { [unowned pair] worker, datagram, path, ecn in
            #expect(worker == 1)
            pair.server.receive(datagram, path: path, ecn: ecn, at: pair.now, isHandedOver: true)
            return true
        }
        var toServer = 0
        pair.network.admits = { [unowned pair] transit in
            guard transit.path.local == Pair.serverAddress else { return true }
            toServer += 1
            if toServer == 1 { return true }
            let bytes = transit.bytes
            unsafe other.receive(bytes.span.bytes, path: transit.path, ecn: transit.ecn, at: pair.now)
            return false
        }
        let connection = try pair.connect()
        pair.run(for: .milliseconds(100))
        #expect(connection.state == .established)
        #expect(pair.server.statistics.connections.established == 1)
        #expect(other.statistics.connections.created == 0)
        #expect(other.statistics.admissions.isEmpty)
        #expect(other.statistics.drops.isEmpty)
    }
}

import DatagramIO
import Datagrams
import Testing

@Suite struct ReuseportSteeringTests {
    private static let workerCount = 4

    @Test(arguments: Peer.loopbacks, [[0x40], [0xC3, 0, 0, 0, 1, 8]])
    func theFirstByteOfTheConnectionIDPicksTheSocket(address: SocketAddress, header: [UInt8]) throws {
        let workers = try makeWorkers(at: address)
        let clients = try (0..<32).map { _ in try Peer(address) }
        for (index, client) in clients.enumerated() {
            for byte in stride(from: index % 8, through: 255, by: 8) {
                client.queue(header + [UInt8(byte), 1, 2, 3, 4, 5, 6, 7], to: workers[0].address)
            }
            #expect(try client.socket.send(client.outbox) == .drained)
        }
        for (index, worker) in workers.enumerated() {
            let received = try worker.receive(256)
            #expect(received.count == 256)
            #expect(received.allSatisfy { Int($0.bytes[header.count]) % Self.workerCount == index })
        }
    }

    @Test func aDatagramTooShortForAConnectionIDGoesToTheFirstSocket() throws {
        let workers = try makeWorkers(at: Peer.loopbacks[0])
        let client = try Peer()
        client.queue([0x40], to: workers[0].address)
        client.queue([0xC0, 1, 1, 1, 1, 1], to: workers[0].address)
        #expect(try client.socket.send(client.outbox) == .drained)
        #expect(try workers[0].receive(2).map(\.bytes.count) == [1, 6])
    }

    @Test func aSocketThatSharesNoPortCannotBeSteered() throws {
        let peer = try Peer()
        let error = #expect(throws: SocketError.self) {
            try ReuseportSteering.attach(to: peer.socket, workerCount: 2)
        }
        #expect(error?.description == "cannot steer datagrams to \(peer.address): Invalid argument")
    }

    /// The sockets of all workers on one port, steered.
    private func makeWorkers(at address: SocketAddress) throws -> [Peer] {
        let options = UDPSocket.Options(reusePort: true)
        let first = try Peer(address, options: options)
        let others = try (1..<Self.workerCount).map { _ in try Peer(first.address, options: options) }
        try ReuseportSteering.attach(to: first.socket, workerCount: Self.workerCount)
        return [first] + others
    }
}

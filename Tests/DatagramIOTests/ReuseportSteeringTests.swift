import DatagramIO
import Datagrams
import Testing

@Suite struct ReuseportSteeringTests {
    private static let workerCount = 4

    @Test(arguments: Peer.loopbacks, [[0x40], [0xC3, 0, 0, 0, 1, 8]])
    func theFirstByteOfAWorkersConnectionIDPicksItsSocket(address: SocketAddress, header: [UInt8]) throws {
        let workers = try makeWorkers(at: address)
        let clients = try (0..<32).map { _ in try Peer(address) }
        // The kernel may join datagrams of one client, and looks at the first of them.
        for (index, client) in clients.enumerated() {
            for _ in 0..<4 {
                client.queue(header + [UInt8(index % Self.workerCount), 1, 2, 3, 4, 5, 6, 7], to: workers[0].address)
            }
            #expect(try client.socket.send(client.outbox) == .drained)
        }
        for (index, worker) in workers.enumerated() {
            let received = try worker.receive(32)
            #expect(received.count == 32)
            #expect(received.allSatisfy { Int($0.bytes[header.count]) == index })
        }
    }

    // Of IDs that clients make up, none of which tells a worker.
    @Test(arguments: Peer.loopbacks)
    func theNextTwoBytesPickTheSocketOfOtherConnectionIDs(address: SocketAddress) throws {
        let workers = try makeWorkers(at: address)
        let header: [UInt8] = [0xC3, 0, 0, 0, 1, 8]
        let clients = try (0..<32).map { _ in try Peer(address) }
        for (index, client) in clients.enumerated() {
            for byte in stride(from: index % 8, through: 255, by: 8) {
                client.queue(
                    header + [UInt8(255 - byte / 2), UInt8(byte), UInt8(byte / 2), 3, 4, 5, 6, 7],
                    to: workers[0].address
                )
            }
            #expect(try client.socket.send(client.outbox) == .drained)
        }
        for (index, worker) in workers.enumerated() {
            let received = try worker.receive(256)
            #expect(received.count == 256)
            #expect(
                received.allSatisfy {
                    let bytes = $0.bytes[header.count...].dropFirst().prefix(2).map(Int.init)
                    return (bytes[0] << 8 | bytes[1]) % Self.workerCount == index
                }
            )
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

import DatagramIO
import Datagrams
import Glibc
import Testing

@Suite struct UDPSocketReceiveTests {
    @Test(arguments: Peer.loopbacks, [true, false])
    func datagramsOfEverySizeAreEchoed(address: SocketAddress, receiveOffload: Bool) throws {
        let sizes = [1, 2, 20, 1_199, 1_200, 1_280, 1_472, 1_499, 1_500]
        let server = try Peer(address, options: .init(receiveOffload: receiveOffload))
        let client = try Peer(address, options: .init(receiveOffload: receiveOffload))
        let sent = sizes.map { payload($0, count: $0) }
        for bytes in sent { client.queue(bytes, to: server.address) }
        #expect(try client.socket.send(client.outbox) == .drained)

        let requests = try server.receive(sizes.count)
        #expect(requests.map(\.bytes) == sent)
        #expect(requests.allSatisfy { $0.path == client.path(to: server.address).reversed })
        #expect(try server.answer(requests) == .drained)

        #expect(try client.receive(sizes.count).map(\.bytes) == sent)
        let statistics = client.socket.statistics
        #expect(statistics.datagramsSent == UInt64(sizes.count))
        #expect(statistics.bytesSent == UInt64(sizes.reduce(0, +)))
        #expect(statistics.datagramsReceived == statistics.datagramsSent)
        #expect(statistics.bytesReceived == statistics.bytesSent)
    }

    @Test(arguments: [true, false])
    func anEmptyDatagramIsDelivered(receiveOffload: Bool) throws {
        let server = try Peer(options: .init(receiveOffload: receiveOffload))
        try sendByHand([], to: server.address)
        try sendByHand([5], to: server.address)
        #expect(try server.receive(2).map(\.bytes) == [[], [5]])
        #expect(server.socket.statistics.datagramsReceived == 2)
        #expect(server.socket.statistics.bytesReceived == 1)
    }

    @Test func aDatagramLargerThanABufferIsDroppedAndCounted() throws {
        let server = try Peer()
        for size in [2_048, 2_049, 9_000, 1] { try sendByHand(payload(size, count: size), to: server.address) }
        #expect(try server.receive(2).map(\.bytes.count) == [2_048, 1])
        #expect(server.socket.statistics.truncated == 2)
        // A receiver that counts datagrams to know when to stop has to count these.
        #expect(server.datagramCount == 4)
        #expect(server.socket.statistics.datagramsReceived == 2)
    }

    @Test func aLargeDatagramIsWholeWithReceiveOffload() throws {
        let server = try Peer(options: .init(receiveOffload: true))
        let sent = payload(1, count: 60_000)
        try sendByHand(sent, to: server.address)
        #expect(try server.receive(1).map(\.bytes) == [sent])
        #expect(server.socket.statistics.truncated == 0)
    }

    @Test(arguments: Peer.loopbacks, [true, false])
    func theECNMarkSentIsTheMarkRead(address: SocketAddress, segmentationOffload: Bool) throws {
        let server = try Peer(address)
        let client = try Peer(address, options: .init(segmentationOffload: segmentationOffload))
        for ecn in ECN.allCases {
            client.queue([1, 1], to: server.address, ecn: ecn)
            client.queue([2], to: server.address, ecn: ecn)
        }
        #expect(try client.socket.send(client.outbox) == .drained)
        #expect(try server.receive(8).map(\.ecn) == ECN.allCases.flatMap { [$0, $0] })
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.2", "127.77.0.9"])
    func aWildcardSocketAnswersFromTheAddressAsked(host: String) throws {
        let server = try Peer(SocketAddress(ipv4: 0, 0, 0, 0, port: 0))
        try expectAnswer(of: server, from: #require(SocketAddress("\(host):\(server.address.port)")))
    }

    @Test func anIPv6WildcardSocketAnswersFromTheAddressAsked() throws {
        let server = try Peer(#require(SocketAddress("[::]:0")))
        try expectAnswer(of: server, from: #require(SocketAddress("[::1]:\(server.address.port)")))
    }

    /// Sends three datagrams to `server` at `target` and expects them back from there.
    private func expectAnswer(of server: Peer, from target: SocketAddress) throws {
        let client = try Peer(target.family == .ipv4 ? Peer.loopbacks[0] : Peer.loopbacks[1])
        for number in 0..<3 { client.queue(payload(number, count: 1_200), to: target, ecn: .capable0) }
        #expect(try client.socket.send(client.outbox) == .drained)

        let requests = try server.receive(3)
        #expect(requests.map(\.path) == Array(repeating: client.path(to: target).reversed, count: 3))
        #expect(try server.answer(requests) == .drained)

        let answers = try client.receive(3)
        #expect(answers.map(\.path) == Array(repeating: client.path(to: target), count: 3))
        #expect(answers.map(\.ecn) == [.capable0, .capable0, .capable0])
    }

    @Test func aCallTakesNoMoreThanTheBatchHolds() throws {
        let peer = try Peer()
        for number in 0..<10 { #expect(try peer.send([UInt8(number)], to: peer.address) == .drained) }
        let batch = ReceiveBatch(messageCapacity: 4)
        var received: [[UInt8]] = []
        var taken: [Int] = []
        repeat {
            taken.append(try peer.socket.receive(into: batch))
            batch.forEach { datagram, _, _ in received.append(datagram.copied) }
        } while taken.last != 0 && taken.count < 10
        #expect(taken == [4, 4, 2, 0])
        #expect(received == (0..<10).map { [UInt8($0)] })
    }

    @Test func whatTheKernelDropsIsCounted() throws {
        let server = try Peer(options: .init(receiveBufferBytes: 8 << 10))
        let client = try Peer(options: .init(segmentationOffload: false))
        let flood = 200
        for number in 0..<flood { client.queue(payload(number, count: 1_200), to: server.address) }
        #expect(try client.socket.send(client.outbox) == .drained)
        let kept = try server.receive(1).count
        #expect(kept < flood)
        #expect(try client.send([1], to: server.address) == .drained)
        #expect(try server.receive(1).count == 1)
        #expect(server.socket.statistics.receiveOverflows == UInt64(flood - kept))
        // The kernel repeats its count with every datagram from then on.
        for _ in 0..<3 {
            #expect(try client.send([1], to: server.address) == .drained)
            #expect(try server.receive(1).count == 1)
        }
        #expect(server.socket.statistics.receiveOverflows == UInt64(flood - kept))
    }

    /// Sends with the system's own call what a `TransmitBatch` does not take.
    private func sendByHand(_ bytes: [UInt8], to address: SocketAddress) throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(socket >= 0)
        defer { close(socket) }
        let sent = unsafe withUnsafeTemporaryAllocation(byteCount: 28, alignment: 8) { storage -> Int in
            guard let base = storage.baseAddress else { return -1 }
            let length = unsafe socklen_t(address.copy(to: base))
            return unsafe sendto(socket, bytes, bytes.count, 0, base.assumingMemoryBound(to: sockaddr.self), length)
        }
        try #require(sent == bytes.count)
    }
}

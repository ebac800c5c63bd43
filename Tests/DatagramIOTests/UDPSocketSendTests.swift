import Datagrams
import Glibc
import Testing

@testable import DatagramIO

@Suite struct UDPSocketSendTests {
    @Test(arguments: Peer.loopbacks, [true, false])
    func datagramsOfOnePathTravelAsOneMessage(address: SocketAddress, receiveOffload: Bool) throws {
        let server = try Peer(address, options: .init(receiveOffload: receiveOffload))
        let client = try Peer(address)
        try #require(client.usesSegmentationOffload)
        let sent = (0..<40).map { payload($0, count: $0 == 39 ? 700 : 1_200) }
        for bytes in sent { client.queue(bytes, to: server.address) }

        #expect(try messageSizes(sending: client) == [40])
        #expect(try server.receive(40).map(\.bytes) == sent)
        #expect(server.messageCount == (receiveOffload ? 1 : 40))
        #expect(server.datagramCount == 40)
        #expect(client.socket.statistics.datagramsSent == 40)
        #expect(client.socket.statistics.bytesSent == 39 * 1_200 + 700)
    }

    @Test func onlyAdjoiningDatagramsThatAreAlikeAreJoined() throws {
        let one = try Peer()
        let other = try Peer()
        let client = try Peer()
        for size in [100, 100, 60, 60, 60, 80] { client.queue(payload(size, count: size), to: one.address) }
        client.queue(payload(1, count: 80), to: other.address)
        client.queue(payload(2, count: 80), to: other.address, ecn: .capable0)
        client.queue(payload(3, count: 80), to: other.address, ecn: .capable0)

        #expect(try messageSizes(sending: client) == [3, 2, 1, 1, 2])
        #expect(try one.receive(6).map(\.bytes.count) == [100, 100, 60, 60, 60, 80])
        #expect(try other.receive(3).map(\.ecn) == [.notCapable, .capable0, .capable0])
    }

    @Test func aMessageKeepsTheKernelsLimits() throws {
        let server = try Peer()
        let client = try Peer()
        for number in 0..<130 { client.queue(payload(number, count: 50), to: server.address) }
        #expect(try messageSizes(sending: client) == [64, 64, 2])
        for number in 0..<60 { client.queue(payload(number, count: 1_500), to: server.address) }
        #expect(try messageSizes(sending: client) == [43, 17])
        #expect(try server.receive(190).count == 190)
    }

    @Test func moreMessagesThanOneCallTakesAreAllSent() throws {
        let server = try Peer()
        let client = try Peer(options: .init(segmentationOffload: false))
        for number in 0..<200 { client.queue(payload(number, count: 10), to: server.address) }
        #expect(try client.socket.send(client.outbox) == .drained)
        #expect(try server.receive(200).map { number(in: $0.bytes) } == Array(0..<200))
    }

    /// A path along an interface that has been taken away since: ENODEV.
    @Test func aPathWithoutItsInterfaceDoesNotHoldUpOthers() throws {
        let server = try Peer(Peer.loopbacks[1])
        let client = try Peer(.any(.ipv6))
        let local = try #require(SocketAddress("[::1]:0"))
        let gone = SocketAddress(local.ipv6Address, port: local.port, scope: 1_000_000)
        client.queue(payload(0, count: 30), on: NetworkPath(local: gone, remote: server.address))
        client.queue(payload(1, count: 40), on: NetworkPath(local: local, remote: server.address))
        #expect(try client.socket.send(client.outbox) == .drained)
        #expect(client.socket.statistics.sendErrors == 1 && client.socket.statistics.datagramsSent == 1)
        #expect(client.socket.pollPathError() == .addressUnusable)
    }

    @Test func whatCannotBeSentIsDroppedAlone() throws {
        let server = try Peer()
        let client = try Peer(SocketAddress(ipv4: 0, 0, 0, 0, port: 0))
        let useless = [
            NetworkPath(local: SocketAddress(ipv4: 192, 0, 2, 1, port: 1), remote: server.address),
            client.path(to: SocketAddress(ipv4: 255, 255, 255, 255, port: 9)),
            client.path(to: try #require(SocketAddress("[::1]:9"))),
            client.path(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0)),
        ]
        for (index, path) in useless.enumerated() {
            client.queue(payload(index, count: 30), on: path)
            client.queue(payload(index, count: 40), to: server.address)
        }

        #expect(try client.socket.send(client.outbox) == .drained)
        #expect(client.outbox.isEmpty)
        #expect(try server.receive(4).map { number(in: $0.bytes) } == [0, 1, 2, 3])
        #expect(client.socket.statistics.sendErrors == 4)
        #expect(client.socket.statistics.datagramsSent == 4)
        #expect(client.socket.pollPathError() == .addressUnusable)
        #expect(client.usesSegmentationOffload)
    }

    /// epoll says at once that such a socket is writable: waiting for it would be a loop that uses all of a core.
    @Test(arguments: [ENOBUFS, ENOMEM])
    func whatTheKernelHasNoMemoryForIsLostAndCounted(code: Int32) throws {
        let server = try Peer()
        let client = try Peer(options: .init(segmentationOffload: false))
        for number in 0..<10 { client.queue(payload(number, count: 20), to: server.address) }
        let descriptor = client.socket.descriptor.rawValue
        var calls = 0
        let outcome = try client.socket.send(client.outbox) { arrays, count in
            calls += 1
            return calls <= 3 ? -code : arrays.transmit(count, on: descriptor)
        }
        #expect(outcome == .drained)
        #expect(client.outbox.isEmpty)
        #expect(client.socket.statistics.sendErrors == 3)
        #expect(client.socket.statistics.datagramsSent == 7)
        #expect(client.socket.pollPathError() == nil)
    }

    @Test func fullKernelBuffersLeaveTheRestInTheBatch() throws {
        let server = try Peer()
        let client = try Peer(options: .init(segmentationOffload: false))
        for number in 0..<10 { client.queue(payload(number, count: 20), to: server.address) }
        let descriptor = client.socket.descriptor.rawValue
        var calls = 0
        let outcome = try client.socket.send(client.outbox) { arrays, _ in
            calls += 1
            return calls == 1 ? arrays.transmit(4, on: descriptor) : -EAGAIN
        }
        #expect(outcome == .blocked)
        #expect(calls == 2)
        #expect(client.outbox.entries.count == 6)
        #expect(try client.socket.send(client.outbox) == .drained)
        #expect(try server.receive(10).map { number(in: $0.bytes) } == Array(0..<10))
        #expect(client.socket.statistics.sendErrors == 0)
    }

    /// A client that has sent five datagrams, although the system refused every message of several with `code`.
    private func clientWhoseJoinedMessagesAreRefused(with code: Int32) throws -> Peer {
        let server = try Peer()
        let client = try Peer()
        for number in 0..<5 { client.queue(payload(number, count: 20), to: server.address) }
        let descriptor = client.socket.descriptor.rawValue
        let outcome = try client.socket.send(client.outbox) { arrays, count in
            arrays.messages[0].datagramCount > 1 ? -code : arrays.transmit(count, on: descriptor)
        }
        #expect(outcome == .drained)
        #expect(try server.receive(5).map { number(in: $0.bytes) } == Array(0..<5))
        #expect(client.socket.statistics.sendErrors == 0)
        return client
    }

    @Test(arguments: [EIO, EINVAL])
    func aDeviceWithoutSegmentationTurnsItOff(code: Int32) throws {
        let client = try clientWhoseJoinedMessagesAreRefused(with: code)
        #expect(!client.usesSegmentationOffload)
    }

    /// A firewall or a smaller path may refuse a long message once: that says nothing of the device.
    @Test(arguments: [EMSGSIZE, EPERM, EACCES, EHOSTUNREACH])
    func aMessageThatThePathRefusesOnceLeavesSegmentationOn(code: Int32) throws {
        let client = try clientWhoseJoinedMessagesAreRefused(with: code)
        #expect(client.usesSegmentationOffload)
    }

    @Test(arguments: [EMSGSIZE, EINVAL, EPERM, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EADDRNOTAVAIL])
    func aPathThatRefusesEverythingCostsOnlyItsOwnDatagrams(code: Int32) throws {
        let refused = try Peer()
        let server = try Peer()
        let client = try Peer()
        for number in 0..<5 { client.queue(payload(number, count: 20), to: refused.address) }
        for number in 0..<5 { client.queue(payload(number, count: 20), to: server.address) }
        let descriptor = client.socket.descriptor.rawValue
        let outbox = client.outbox
        var calls = 0
        let outcome = try client.socket.send(outbox) { arrays, count in
            calls += 1
            return outbox.entries[0].path.remote == refused.address ? -code : arrays.transmit(count, on: descriptor)
        }
        #expect(outcome == .drained)
        #expect(calls == 7)
        #expect(client.usesSegmentationOffload)
        #expect(client.socket.statistics.sendErrors == 5)
        #expect(try server.receive(5).map { number(in: $0.bytes) } == Array(0..<5))
    }

    @Test func aFailureOfTheSocketIsThrownAndKeepsTheBatch() throws {
        let client = try Peer()
        client.queue([1], to: client.address)
        let error = #expect(throws: SocketError.self) {
            _ = try client.socket.send(client.outbox) { _, _ in -EBADF }
        }
        #expect(error?.description == "cannot send from \(client.address): Bad file descriptor")
        #expect(client.outbox.entries.count == 1)
    }

    @Test func nothingIsLostOrDuplicatedWhateverFails() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix64(state: seed)
        for round in 0..<200 {
            try sendWithRandomFailures(&random, "seed \(seed), round \(round)")
        }
    }

    /// Sends a random batch through a kernel that fails at random; every datagram must arrive once or be counted.
    private func sendWithRandomFailures(_ random: inout SplitMix64, _ context: Comment) throws {
        let server = try Peer(options: .init(receiveOffload: Bool.random(using: &random)))
        let client = try Peer(options: .init(segmentationOffload: Bool.random(using: &random)))
        let total = Int.random(in: 1...100, using: &random)
        for number in 0..<total {
            client.queue(
                payload(number, count: [40, 40, 40, 30].randomElement(using: &random) ?? 4),
                to: server.address
            )
        }
        let descriptor = client.socket.descriptor.rawValue
        let failures = [EAGAIN, ENOBUFS, EIO, EINVAL, EMSGSIZE, EPERM, ECONNREFUSED]
        var rounds = 0
        while !client.outbox.isEmpty, rounds < 10_000 {
            rounds += 1
            _ = try client.socket.send(client.outbox) { arrays, count in
                let isPlain = arrays.messages[0].datagramCount == 1
                let failure = failures.randomElement(using: &random) ?? EAGAIN
                if Int.random(in: 0..<4, using: &random) == 0, !(isPlain && failure == EIO) { return -failure }
                return arrays.transmit(Int.random(in: 1...count, using: &random), on: descriptor)
            }
        }
        #expect(client.outbox.isEmpty, context)
        let statistics = client.socket.statistics
        #expect(statistics.datagramsSent + statistics.sendErrors == UInt64(total), context)
        let numbers = try server.receive(Int(statistics.datagramsSent)).map { number(in: $0.bytes) }
        #expect(numbers.count == Int(statistics.datagramsSent), context)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, context)
    }

    /// Sends the outbox and returns how many datagrams each message joined.
    private func messageSizes(sending peer: Peer) throws -> [Int] {
        let descriptor = peer.socket.descriptor.rawValue
        var sizes: [Int] = []
        let outcome = try peer.socket.send(peer.outbox) { arrays, count in
            let sent = arrays.transmit(count, on: descriptor)
            sizes += arrays.messages.prefix(Int(sent)).map(\.datagramCount)
            return sent
        }
        #expect(outcome == .drained)
        return sizes
    }
}

/// A small generator that starts from a seed.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

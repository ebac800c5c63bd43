import BoundedMemory
import ChatRoom
import Datagrams
import Foundation
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// Members of a chat, each with a connection to whichever worker the kernel chose.
@Suite struct ChatRoomTests {
    private func server(workers: Int) throws -> Server {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = workers
        configuration.memoryBytesLimit = 2 << 30
        configuration.transport.staysOpen()
        return try Server(configuration: configuration) { [ChatRoom($0)] }
    }

    /// A member as its client sees it.
    private struct Member {
        let connection: Connection
        let stream: QUICTransport.Stream

        init(of room: String, at client: LoopbackClient) throws {
            let connection = try client.connect()
            stream = try client.open([UInt8]("\(room)\n".utf8), on: connection)
            self.connection = connection
            let number = stream.id
            try #require(
                try client.serve { client.recorder.received(on: connection, number).bytes.last == UInt8(ascii: "\n") }
            )
        }

        func says(_ line: String) throws { try stream.write(line + "\n") }

        /// The lines that it has heard in its room.
        func lines(_ client: LoopbackClient) -> [String] {
            String(decoding: client.recorder.received(on: connection, stream.id).bytes, as: UTF8.self)
                .split(separator: "\n").dropFirst().map(String.init)
        }
    }

    @Test(arguments: [1, 4])
    func aLineReachesEverybodyElseInItsRoom(workers: Int) async throws {
        let server = try server(workers: workers)
        let client = try LoopbackClient(of: server.address, seed: 1, protocols: ["chat"])
        let here = try (0..<12).map { _ in try Member(of: "here", at: client) }
        let there = try Member(of: "there", at: client)
        for (number, member) in here.enumerated() { try member.says("line \(number)") }
        try there.says("nobody hears this")
        func haveHeardAll() -> Bool { here.allSatisfy { $0.lines(client).count == 11 } }
        #expect(try client.serve(until: haveHeardAll))
        for (number, member) in here.enumerated() {
            let others = Set((0..<12).filter { $0 != number }.map { "line \($0)" })
            #expect(Set(member.lines(client)) == others)
        }
        #expect(there.lines(client).isEmpty)
        try client.close(here.map(\.connection) + [there.connection])
        let last = try await server.shutDown()
        #expect(last.hasReturned && last.work.refused == 0)
        #expect(last.work.posted == 13 * (workers - 1))
    }

    /// Nobody else is late because of it, and it holds no more than its queue.
    @Test(arguments: [1, 4])
    func aMemberThatDoesNotReadIsClosed(workers: Int) async throws {
        let server = try server(workers: workers)
        let client = try LoopbackClient(of: server.address, seed: 2, protocols: ["chat"])
        let deaf = try LoopbackClient(of: server.address, seed: 3, protocols: ["chat"], givesCredit: false)
        let readers = try (0..<4).map { _ in try Member(of: "here", at: client) }
        let silent = try Member(of: "here", at: deaf)
        var said = 0
        while deaf.closes.isEmpty, said < 5_000 {
            try readers[0].says(String(repeating: "x", count: 1_000))
            said += 1
            try #require(try client.serve { readers[1...].allSatisfy { $0.lines(client).count == said } })
            try deaf.serve()
        }
        #expect(try deaf.serve { !deaf.closes.isEmpty })
        #expect(silent.connection.state == .closed && deaf.closes == [.peerClose], "after \(said) lines")
        #expect(readers.allSatisfy { $0.connection.state == .established })
        let peak = try await server.statistics().endpoint.ledgerTotal.peakBytes
        #expect(peak < 4 << 20, "\(peak)")
        try client.close(readers.map(\.connection))
        let last = try await server.shutDown()
        #expect(last.hasReturned)
        #expect(last.endpoint.connections.closedByCause["local_close"] == 1)
    }

    @Test func aLineThatIsTooLongEndsItsMemberAlone() async throws {
        let server = try server(workers: 1)
        let client = try LoopbackClient(of: server.address, seed: 4, protocols: ["chat"])
        let members = try (0..<3).map { _ in try Member(of: "here", at: client) }
        // The longest that is taken.
        try members[0].says(String(repeating: "y", count: ChatRoom.lineBytesLimit - 1))
        #expect(try client.serve { members[1...].allSatisfy { $0.lines(client).count == 1 } })
        try members[1].says(String(repeating: "z", count: ChatRoom.lineBytesLimit))
        #expect(try client.serve { members[1].connection.state == .closed })
        #expect(members[0].connection.state == .established && members[2].connection.state == .established)
        try client.close([members[0].connection, members[2].connection])
        #expect(try await server.shutDown().hasReturned)
    }

    /// How long a line takes to an idle member of another worker: CHAT_MEMBERS says among how many, in rooms of ten.
    @Test(arguments: [1, 4])
    func aLineReachesAnIdleMemberAmongMany(workers: Int) async throws {
        let count = ProcessInfo.processInfo.environment["CHAT_MEMBERS"].flatMap(Int.init) ?? 200
        let server = try server(workers: workers)
        let client = try LoopbackClient(of: server.address, seed: 5, protocols: ["chat"])
        let members = try (0..<count).map { try Member(of: "room \($0 % (count / 10))", at: client) }
        var delays: [Duration] = []
        for round in 0..<200 {
            let sender = members[round * 7_919 % count]
            let others = members.indices.filter { $0 % (count / 10) == (round * 7_919 % count) % (count / 10) }
                .map { members[$0] }.filter { $0.connection !== sender.connection }
            let before = others.map { $0.lines(client).count }
            let start = ContinuousClock.now
            try sender.says("line \(round)")
            for (member, heard) in zip(others, before) {
                #expect(try client.serve { member.lines(client).count == heard + 1 })
                delays.append(start.duration(to: .now))
            }
        }
        let statistics = try await server.statistics()
        delays.sort()
        print(
            "chat: \(count) members, \(workers) workers: median \(delays[delays.count / 2]), 99 % \(delays[delays.count * 99 / 100]),",
            "\(statistics.endpoint.ledgerTotal.liveBytes / count) bytes a member"
        )
        #expect(statistics.endpoint.connections.live == count)
        try client.close(members.map(\.connection))
        let last = try await server.shutDown()
        #expect(last.hasReturned && last.work.posted == last.work.performed)
    }
}

import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Synchronization
import Testing

/// Transport parameters at their extremes: each is as its RFC has it, and only the client that sent them notices.
@Suite struct TransportParameterTests {
    /// What the next client makes of its transport parameters; shared with the closure that makes them.
    private final class Parameters: Sendable {
        private let change = Mutex<(@Sendable ([UInt8]) -> [UInt8]?)>({ $0 })

        func next(_ change: @escaping @Sendable ([UInt8]) -> [UInt8]?) { self.change.withLock { $0 = change } }

        func made(from usual: [UInt8]) -> [UInt8]? { change.withLock { $0 }(usual) }
    }

    private func expectEcho(_ bytes: [UInt8], on connection: Connection, of pair: Pair) throws {
        let stream = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(5)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == bytes)
    }

    @Test(arguments: ParameterCase.all)
    func everyClientGetsWhatItsParametersAskFor(_ parameterCase: ParameterCase) throws {
        let parameters = Parameters()
        var hello = ClientHelloChanges()
        hello.transportParameters = { parameters.made(from: $0) }
        let pair = try Pair(seed: 1, services: [EchoService()], hello: hello)
        parameters.next(parameterCase.change)
        let connection = try pair.connect()
        pair.run(for: .seconds(5)) { connection.state == .established || connection.state == .closed }
        pair.run(for: .milliseconds(100))
        switch parameterCase.outcome {
        case .error(let code):
            #expect(connection.state == .closed)
            #expect(connection.peerCloseCode?.rawValue == code)
            #expect(pair.serverCloses.count == 1)
        case .peerClose:
            #expect(connection.state == .closed)
            #expect(pair.serverCloses == [.peerClose])
        case .echo, .silence:
            try #require(connection.state == .established)
            #expect(pair.serverCloses == [])
            try expectEcho(parameterCase.outcome == .echo ? [1, 2, 3] : [], on: connection, of: pair)
        }
        parameters.next { $0 }
        let other = try #require(try pair.connectAndEstablish())
        try expectEcho([1, 2, 3], on: other, of: pair)
        pair.client.close(other, at: pair.now)
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §18: the parameters of a client are many, and each has an end on both sides.
    @Test func allParametersAreTriedAtTheirExtremes() {
        #expect(ParameterCase.all.count >= 42)
        #expect(Set(ParameterCase.all.map(\.testDescription)).count == ParameterCase.all.count)
    }
}

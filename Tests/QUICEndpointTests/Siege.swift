import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// One hostile client with an established connection, and an honest one beside it, against one server.
///
/// Second after second the hostile one acts, until the server has had enough of it; every five seconds the honest one
/// has a message echoed.
final class Siege {
    let hostile: HostileClient
    private let pair: Pair
    private let honest: Connection
    private let honestMessage: [UInt8]
    private let beginning: MonotonicInstant
    /// What the server holds for the hostile client.
    private let account: MemoryAccount

    private static let hostileHandle = ConnectionHandle(index: 1, generation: 2)

    /// - Parameter client: What both clients grant the server at first; only the honest one grants more.
    init(client: EndpointConfiguration = EndpointConfiguration(), honestMessageBytes: Int = 64) throws {
        pair = try Pair(seed: 1, services: [EchoService()], clientConfiguration: client)
        honest = try #require(try pair.connectAndEstablish())
        honestMessage = message(of: honestMessageBytes, seed: 1)
        hostile = try #require(try HostileClient(pair: pair))
        account = try #require(pair.server.connection(Self.hostileHandle)).account
        beginning = pair.now
    }

    /// What the server holds for the hostile client now.
    func heldBytes(_ classes: MemoryClass...) -> Int {
        classes.reduce(0) { $0 + account.liveBytes(of: $1) }
    }

    /// Lets the hostile client act at the beginning and each second after it, and expects the server to put an end to it
    /// in time, for the right reason, within its bytes.
    func expectEnd(
        _ cause: CloseCause,
        after seconds: ClosedRange<Int>,
        _ act: (_ second: Int) -> Void
    ) throws {
        while pair.server.connection(Self.hostileHandle) != nil, secondsPassed <= seconds.upperBound {
            act(secondsPassed)
            let stream = secondsPassed.isMultiple(of: 5) ? try pair.send(honestMessage, on: honest) : nil
            pair.run(for: .seconds(1))
            guard let stream else { continue }
            #expect(pair.recorder.received(on: honest, stream).bytes == honestMessage, "after \(secondsPassed) s")
        }
        #expect(pair.serverCloses == [cause])
        #expect(pair.server.statistics.connections.closedByCause == [cause.label: 1])
        #expect(seconds.contains(secondsPassed), "it took \(secondsPassed) s")
        let limit =
            TransportConfiguration.bytesLimit(ofWindow: 64 << 10, borrowed: 0)
            + TransportConfiguration.bytesLimit(ofStreams: 16, window: 64 << 10) + MemoryPlan.overheadBytes
        #expect(account.peakBytes <= limit)
        #expect(account.isEmpty)
        pair.client.close(honest, at: pair.now)
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == [cause, .peerClose])
        expectEverythingReturned(pair)
    }

    /// The most the server held for the hostile client at once.
    var peakBytes: Int { account.peakBytes }

    private var secondsPassed: Int { Int(beginning.duration(to: pair.now).components.seconds) }
}

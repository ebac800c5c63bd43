import Datagrams
import Dispatch
import QUICTesting
import Testing

@testable import QUICClient

/// The threads that wait for the system's resolver.
@Suite struct SystemResolverTests {
    private typealias Outcome = Result<[SocketAddress], LookupError>

    /// A lookup that blocks until the test lets it go on.
    private final class Gate: Sendable {
        private let opening = DispatchSemaphore(value: 0)
        let begun = Shared<[String]>([])

        func lookUp(_ host: String) -> Outcome {
            begun.withLock { $0.append(host) }
            opening.wait()
            return .success([SocketAddress(ipv4: 192, 0, 2, 1, port: 0)])
        }

        func open(for count: Int) {
            for _ in 0..<count { opening.signal() }
        }
    }

    private let answers = Shared<[Outcome]>([])

    private func ask(
        _ resolver: SystemResolver,
        _ host: String,
        port: UInt16 = 443,
        timeout: Duration = .seconds(600)
    ) {
        resolver.lookUp(host, port: port, timeout: timeout) { [answers] outcome in
            answers.withLock { $0.append(outcome) }
        }
    }

    private func wait(until isDone: () -> Bool) async {
        while !isDone() { await Task.yield() }
    }

    @Test func thoseWhoAskForOneNameShareALookup() async throws {
        let gate = Gate()
        let resolver = SystemResolver { gate.lookUp($0) }
        for port in UInt16(1)...100 { ask(resolver, "example.org", port: port) }
        await wait { gate.begun.withLock { $0.count } == 1 }
        #expect(resolver.load == (1, 1))
        gate.open(for: 1)
        await wait { answers.withLock { $0.count } == 100 }
        let ports = try answers.withLock { $0 }.map { try $0.get().map(\.port) }
        #expect(ports == (UInt16(1)...100).map { [$0] })
        #expect(gate.begun.withLock { $0 } == ["example.org"])
        await wait { resolver.load == (0, 0) }
    }

    /// However many names wait, and for however long.
    @Test func threadsAndNamesAreBounded() async {
        let gate = Gate()
        let resolver = SystemResolver { gate.lookUp($0) }
        let limit = SystemResolver.namesLimit
        for number in 0..<limit { ask(resolver, "host\(number).example") }
        await wait { gate.begun.withLock { $0.count } == SystemResolver.threadsLimit }
        #expect(resolver.load == (SystemResolver.threadsLimit, limit) && answers.withLock { $0.isEmpty })
        ask(resolver, "one-more.example")
        #expect(answers.withLock { $0 } == [.failure(.tooManyNames(limit: limit))])
        // Somebody more for a name that waits.
        ask(resolver, "host7.example")
        gate.open(for: limit)
        await wait { answers.withLock { $0.count } == limit + 2 }
        #expect(gate.begun.withLock { Set($0).count == limit && $0.count == limit })
        await wait { resolver.load == (0, 0) }
    }

    /// They are not looked up in vain, and make room for others.
    @Test func namesThatNobodyWaitsForAreForgotten() async {
        let gate = Gate()
        let resolver = SystemResolver { gate.lookUp($0) }
        let threads = SystemResolver.threadsLimit
        for number in 0..<threads { ask(resolver, "hanging\(number).example") }
        await wait { gate.begun.withLock { $0.count } == threads }
        for number in threads..<SystemResolver.namesLimit { ask(resolver, "late\(number).example", timeout: .zero) }
        ask(resolver, "wanted.example")
        #expect(resolver.load == (threads, threads + 1))
        gate.open(for: threads + 1)
        await wait { answers.withLock { $0.count } == threads + 1 }
        #expect(gate.begun.withLock { $0.last } == "wanted.example")
        await wait { resolver.load == (0, 0) }
    }

    /// From /etc/hosts.
    @Test func theSystemKnowsItself() async throws {
        let resolver = SystemResolver()
        ask(resolver, "localhost", port: 4433)
        await wait { answers.withLock { $0.count } == 1 }
        let addresses = try answers.withLock { $0[0] }.get()
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.isLoopback && $0.port == 4433 })
        await wait { resolver.load == (0, 0) }
    }

    @Test func timeoutsMayBeOfAnyLength() async {
        let resolver = SystemResolver { _ in .failure(.noAddress) }
        for timeout in [Duration.seconds(Int64.max), .seconds(Int64.min), .zero] {
            ask(resolver, "example.org", timeout: timeout)
            await wait { resolver.load == (0, 0) }
        }
        #expect(answers.withLock { $0.first } == .failure(.noAddress))
    }
}

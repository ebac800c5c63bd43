internal import Datagrams
package import QUICEndpoint
package import QUICTransport

/// Honest and hostile clients of one server behind one link, in virtual time: how many there are, what each does, and how
/// the network is, comes from the seed.
///
/// First all connect; then the hostile ones act every second, while the honest ones begin one transfer after the other.
package final class MixedCrowd {
    private struct Honest {
        let connection: Connection
        var transfer: Transfer?
    }

    /// Server, clients and network.
    package let pair: Pair
    /// The habits of the hostile clients.
    package private(set) var habits: [HostileHabit] = []
    /// Transfers of honest clients that ended whole.
    package private(set) var completedTransfers = 0
    /// Sentences about honest clients that did not get what they asked for.
    package private(set) var harm: [String] = []
    private var honest: [Honest] = []
    private var hostile: [HostileClient] = []
    private var generator: SeededGenerator

    private static let step = Duration.milliseconds(100)
    private static let stepsPerSecond = 10

    /// Connects three to eight honest clients, and at most as many hostile ones.
    ///
    /// - Parameter services: The server's; they have to answer what a ``Transfer`` asks for.
    /// - Throws: ``SimulationFailure`` when a handshake does not succeed.
    package init(
        seed: UInt64,
        services: [any StreamService],
        configuration: EndpointConfiguration = EndpointConfiguration()
    ) throws {
        var generator = SeededGenerator(seed: seed)
        var clientConfiguration = EndpointConfiguration()
        clientConfiguration.transport.staysOpen()
        pair = try Pair(
            seed: seed,
            services: services,
            clientProtocols: services.map(\.applicationProtocol),
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            clientService: TransferClient(),
            conditions: Self.conditions(using: &generator)
        )
        let megabits = Int.random(in: 5...50, using: &generator)
        let link = SharedLink(bitsPerSecond: megabits * 1_000_000, queueBytesLimit: 256 << 10)
        pair.network.bottleneck = SimulatedNetwork.Bottleneck(server: Pair.serverAddress, link)
        pair.tick = .milliseconds(1)
        self.generator = generator
        try connect()
    }

    private static func conditions(using generator: inout SeededGenerator) -> SimulatedNetwork.Conditions {
        var conditions = SimulatedNetwork.Conditions()
        conditions.latency = .milliseconds(.random(in: 1...40, using: &generator))
        conditions.jitter = .milliseconds(.random(in: 0...3, using: &generator))
        conditions.loss = generator.chance(50) ? 0 : .random(in: 0...0.02, using: &generator)
        return conditions
    }

    private func connect() throws {
        let honestCount = Int.random(in: 3...8, using: &generator)
        for _ in 0..<honestCount {
            guard let connection = try pair.connectAndEstablish() else {
                throw SimulationFailure("an honest client has no connection: \(pair.clientCloses.map(\.label))")
            }
            honest.append(Honest(connection: connection))
        }
        for _ in 0..<Int.random(in: 1...honestCount, using: &generator) {
            guard let client = try HostileClient(pair: pair) else {
                throw SimulationFailure("a hostile client has no connection: \(pair.clientCloses.map(\.label))")
            }
            hostile.append(client)
            habits.append(HostileHabit.allCases.randomElement(using: &generator) ?? .silence)
        }
    }

    /// Lets all of them act for `seconds`; then every honest client has to complete what it began, and another transfer.
    ///
    /// - Throws: When the server's stream limit does not allow an honest client another stream.
    package func run(seconds: Int) throws {
        for second in 0..<seconds {
            for (client, habit) in zip(hostile, habits) { habit.act(client, second: second) }
            for _ in 0..<Self.stepsPerSecond {
                try beginTransfers(withChance: 20)
                pair.run(for: Self.step)
            }
        }
        finish(within: 60)
        try beginTransfers(withChance: 100)
        finish(within: 60)
        for (index, client) in honest.enumerated() where client.connection.state != .established {
            harm.append("honest client \(index) was closed, the server closed \(pair.serverCloses.map(\.label))")
        }
    }

    /// Closes the connections of honest clients, and waits until the server has forgotten all.
    package func end() {
        for client in honest { pair.client.close(client.connection, at: pair.now) }
        pair.run(for: .seconds(200))
    }

    private func beginTransfers(withChance percent: Int) throws {
        collectTransfers()
        for index in honest.indices where honest[index].connection.state == .established {
            guard honest[index].transfer == nil, generator.chance(percent) else { continue }
            let kind: Transfer.Kind = generator.chance(50) ? .download : .echo
            let bytes = 1 << Int.random(in: 4...16, using: &generator)
            honest[index].transfer = try pair.begin(kind, bytes: bytes, on: honest[index].connection)
        }
    }

    private func collectTransfers() {
        for index in honest.indices {
            guard let transfer = honest[index].transfer, transfer.hasEnded else { continue }
            if transfer.isComplete { completedTransfers += 1 } else { harm.append("the server gave up \(transfer)") }
            honest[index].transfer = nil
        }
    }

    private func finish(within seconds: Int) {
        for _ in 0..<(Self.stepsPerSecond * seconds) {
            collectTransfers()
            if honest.allSatisfy({ $0.transfer == nil }) { return }
            pair.run(for: Self.step)
        }
        harm += honest.compactMap { $0.transfer.map { "unfinished after \(seconds) s: \($0)" } }
    }
}

import DatagramIO
public import Datagrams
public import LoadModel
import Synchronization

/// Carries attacks out against one server, with an honest client beside them.
public struct AbuseEngine: Sendable {
    /// Why attacks could not begin.
    public struct Unanswered: Error, CustomStringConvertible {
        /// A sentence for people.
        public let description: String
    }

    private let target: SocketAddress
    private let applicationProtocol: String
    private let pace: AbusePace
    private let server: (any AbuseServerReading)?
    private let residentBytes: @Sendable () -> Int?

    /// How often the server is looked at.
    private static let watchInterval = Duration.milliseconds(100)
    private static let firstAnswerTimeout = Duration.seconds(15)

    /// - Parameters:
    ///   - server: Who tells what the server does; nil where nobody can.
    ///   - residentBytes: The server's resident memory now; nil where it is not known.
    public init(
        target: SocketAddress,
        applicationProtocol: String,
        pace: AbusePace,
        server: (any AbuseServerReading)?,
        residentBytes: @escaping @Sendable () -> Int?
    ) {
        self.target = target
        self.applicationProtocol = applicationProtocol
        self.pace = pace
        self.server = server
        self.residentBytes = residentBytes
    }

    /// Carries out `names`: those that are judged by their own connections at the same time, the others one after another.
    ///
    /// - Parameter onOutcome: Called with each outcome as soon as it is known, one at a time.
    /// - Throws: ``Unanswered`` when the server does not answer at the start, or does not say what it does.
    public func run(
        _ names: [AbuseName],
        onOutcome: @escaping @Sendable (AbuseOutcome) -> Void
    ) async throws -> AbuseReport {
        var limits = AbuseLimits()
        if let server {
            do {
                limits = AbuseLimits(try server.counters())
            } catch {
                throw Unanswered(description: "\(error)")
            }
        }
        let run = Run(engine: self, limits: limits, onOutcome: onOutcome)
        return try await withTaskCancellationHandler {
            try await run.carryOut(names)
        } onCancel: {
            run.isCancelled.store(true, ordering: .relaxed)
        }
    }

    /// How many are still to come, for threads that do not wait for each other.
    private final class Countdown: Sendable {
        private let left: Atomic<Int>

        init(from count: Int) { left = Atomic(count) }

        var isOver: Bool { left.load(ordering: .relaxed) <= 0 }

        func count() { left.subtract(1, ordering: .relaxed) }
    }

    /// One run over several attacks.
    private final class Run: Sendable {
        let isCancelled = Atomic(false)
        private let isOver = Atomic(false)
        private let engine: AbuseEngine
        private let limits: AbuseLimits
        private let honest: HonestClient
        private let witness: AbuseWitness?
        private let onOutcome: @Sendable (AbuseOutcome) -> Void
        private let outcomes = Mutex<[AbuseOutcome]>([])

        init(engine: AbuseEngine, limits: AbuseLimits, onOutcome: @escaping @Sendable (AbuseOutcome) -> Void) {
            self.engine = engine
            self.limits = limits
            self.onOutcome = onOutcome
            honest = HonestClient(target: engine.target, applicationProtocol: engine.applicationProtocol)
            witness = engine.server.map(AbuseWitness.init)
        }

        func carryOut(_ names: [AbuseName]) async throws -> AbuseReport {
            async let honestRun: Void = LoadThread.run("honest") { [honest] in try honest.run() }
            async let watching: Void = LoadThread.run("witness") { [self] in watch() }
            let begun: Result<Void, any Error>
            do {
                try await awaitFirstAnswer()
                try await attack(names)
                begun = .success(())
            } catch {
                begun = .failure(error)
            }
            honest.stop()
            try await honestRun
            let unreturned = try await awaitReturn()
            isOver.store(true, ordering: .relaxed)
            try await watching
            try begun.get()
            let ordered = outcomes.withLock { $0 }.sorted { Self.position($0) < Self.position($1) }
            return AbuseReport(
                target: engine.target.description,
                outcomes: ordered,
                unreturned: unreturned,
                memoryBytesLimit: limits.memoryBytes
            )
        }

        private static func position(_ outcome: AbuseOutcome) -> Int {
            AbuseName.allCases.firstIndex(of: outcome.name) ?? 0
        }

        private func awaitFirstAnswer() async throws {
            let end = MonotonicInstant.now().advanced(by: AbuseEngine.firstAnswerTimeout)
            while honest.answers == 0 || (witness?.rounds ?? 1) == 0 {
                if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                guard MonotonicInstant.now() < end else {
                    let reason = witness?.latestFailure ?? "no answer to an honest client's message"
                    throw Unanswered(description: "\(reason) within \(AbuseEngine.firstAnswerTimeout)")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        private func attack(_ names: [AbuseName]) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let beside = names.filter(\.standsAlone)
                let waiting = Countdown(from: beside.count)
                for name in beside {
                    group.addTask { try await self.attack(name) { waiting.count() } }
                }
                // A flood would keep those from what they want to take.
                let end = MonotonicInstant.now().advanced(by: .seconds(30))
                while !waiting.isOver, MonotonicInstant.now() < end {
                    try await Task.sleep(for: .milliseconds(20))
                }
                for name in names where !name.standsAlone && !isCancelled.load(ordering: .relaxed) {
                    try await attack(name) {}
                }
                try await group.waitForAll()
            }
        }

        /// Carries one attack out, waits until its connections are gone, and judges it.
        private func attack(_ name: AbuseName, onHold: @escaping @Sendable () -> Void) async throws {
            let outcome = try await LoadThread.run("attack") { [self] in perform(name, onHold: onHold) }
            outcomes.withLock { outcomes in
                outcomes.append(outcome)
                onOutcome(outcome)
            }
        }

        private func perform(_ name: AbuseName, onHold: @escaping @Sendable () -> Void) -> AbuseOutcome {
            var outcome = AbuseOutcome(name)
            let attacker = Attacker(
                name: name,
                target: engine.target,
                applicationProtocol: engine.applicationProtocol,
                limits: limits,
                pace: engine.pace,
                witness: witness,
                isCancelled: { [self] in isCancelled.load(ordering: .relaxed) },
                onHold: onHold
            )
            let start = MonotonicInstant.now()
            var resident = [engine.residentBytes()]
            let before = try? engine.server?.counters()
            do {
                try attacker.attack(name)
            } catch {
                outcome.obstacle = "\(error)"
            }
            attacker.hold()
            let after = try? engine.server?.counters()
            resident.append(engine.residentBytes())
            attacker.conclude(&outcome)
            if let before, let after, !name.standsAlone { outcome.growth = after.growth(since: before) }
            if let witness {
                let held = attacker.heldSince ?? .now()
                outcome.releaseSeconds = release(of: attacker.addresses, since: held, name, witness)
                witness.conclude(&outcome, of: attacker.addresses)
                outcome.ledgerPeakBytes = witness.ledgerPeakBytes
            }
            awaitAnswer()
            resident.append(engine.residentBytes())
            outcome.residentBytes = resident.compactMap(\.self)
            outcome.honest = honest.figures(since: start)
            outcome.judge(by: limits)
            return outcome
        }

        /// How long after `start` the last connection from `addresses` was gone; nil when it was not.
        private func release(
            of addresses: Set<String>,
            since start: MonotonicInstant,
            _ name: AbuseName,
            _ witness: AbuseWitness
        ) -> Double? {
            // What happened before the first of these looks is seen by the second.
            let rounds = witness.rounds + 2
            let lookEnd = MonotonicInstant.now().advanced(by: .seconds(10))
            let end = start.advanced(by: .seconds(limits.seconds(until: name.scenario.expectation.release)))
            while witness.rounds < rounds ? MonotonicInstant.now() < lookEnd : witness.seesLive(addresses) {
                guard witness.rounds < rounds || MonotonicInstant.now() < end, !isCancelled.load(ordering: .relaxed)
                else { return nil }
                LoadThread.sleep(for: .milliseconds(10))
            }
            return start.duration(to: .now()) / .seconds(1)
        }

        /// Waits until the honest client has had a further answer, or should have.
        private func awaitAnswer() {
            let answers = honest.answers
            let end = MonotonicInstant.now().advanced(by: AbuseEngine.firstAnswerTimeout)
            while honest.answers == answers {
                guard MonotonicInstant.now() < end, !isCancelled.load(ordering: .relaxed) else { return }
                LoadThread.sleep(for: .milliseconds(10))
            }
        }

        private func watch() {
            guard let witness else { return }
            while !isOver.load(ordering: .relaxed) {
                witness.look()
                LoadThread.sleep(for: AbuseEngine.watchInterval)
            }
        }

        /// What has not come back to zero when even the last closing record should be gone.
        private func awaitReturn() async throws -> [String]? {
            guard let server = engine.server else { return nil }
            // Where connections stay anyway there is nothing to wait for.
            let isHopeless = outcomes.withLock { $0.contains { $0.releaseSeconds == nil } }
            let seconds = isHopeless ? 1 : limits.closingPeriodSeconds + 10
            let end = MonotonicInstant.now().advanced(by: .seconds(seconds))
            var unreturned = (try? server.unreturned()) ?? ["the server does not answer"]
            while !unreturned.isEmpty, MonotonicInstant.now() < end, !isCancelled.load(ordering: .relaxed) {
                try await Task.sleep(for: .milliseconds(100))
                unreturned = (try? server.unreturned()) ?? ["the server does not answer"]
            }
            return unreturned
        }
    }
}

import Datagrams
@_spi(Benchmarks) import QUICServer
import QUICTransport

/// What returning free memory to the system costs and yields, for one policy and one course of events.
struct TrimMeasurement {
    static let name = "trim"

    /// What connections do. Each is opened, and then its client is never heard of again.
    enum Course: Int, CaseIterable {
        /// They come within ten seconds, and all of them are gone forty seconds later.
        case wave
        /// The same, but one in 25 stays.
        case survivors
        /// As many come as leave.
        case steady

        var title: String {
            switch self {
            case .wave: "a wave of which all leave"
            case .survivors: "a wave of which one in 25 stays"
            case .steady: "replaced at the rate at which they leave"
            }
        }

        /// Whether as many connections are opened again.
        var comesAgain: Bool { self != .survivors }
    }

    /// When to trim.
    enum Policy: Int, CaseIterable {
        case oneMebibyte
        case eightMebibytes
        case asShipped
        case sixtyFourMebibytes
        case never

        var title: String {
            switch self {
            case .oneMebibyte: "1 MiB"
            case .eightMebibytes: "8 MiB"
            case .asShipped: "8 MiB, and 1 MiB after 10 s (as shipped)"
            case .sixtyFourMebibytes: "64 MiB"
            case .never: "never"
            }
        }

        var trimmer: HeapTrimmer? {
            switch self {
            case .oneMebibyte: HeapTrimmer(releasedBytesThreshold: 1 << 20, remainderBytesThreshold: .max)
            case .eightMebibytes: HeapTrimmer(releasedBytesThreshold: 8 << 20, remainderBytesThreshold: .max)
            case .asShipped: HeapTrimmer()
            case .sixtyFourMebibytes: HeapTrimmer(releasedBytesThreshold: 64 << 20, remainderBytesThreshold: .max)
            case .never: nil
            }
        }
    }

    /// Connections that come together.
    private static let groupSize = 50
    private static let survivorsPerGroup = 2
    private static let waveDuration = Duration.seconds(10)
    /// How long a silent connection lives.
    private static let idleTimeout = Duration.seconds(30)
    /// Longer than a wave and an idle timeout.
    private static let untilSilentOnesLeft = Duration.seconds(45)

    private let course: Course
    private let groups: Int
    private let policy: Policy

    init(_ parameters: Measurement.Parameters) throws {
        guard let course = Course(rawValue: try parameters["course"]) else { throw BenchmarkError("no such course") }
        self.course = course
        groups = max(2, try parameters["connections"] / Self.groupSize)
        guard let policy = Policy(rawValue: try parameters["policy"]) else { throw BenchmarkError("no such policy") }
        self.policy = policy
    }

    /// Results: `rss.base`, `rss.peak`, `rss.end`; `trims`, `trim.ns`, `trim.longest.ns`; and `faults`, the page faults
    /// while as many connections are opened again.
    func run() throws -> Measurement.Results {
        let world = try World()
        world.abandon(try world.connect(Self.groupSize))
        world.advance(by: Self.untilSilentOnesLeft)
        let watch = TrimWatch(policy.trimmer)
        var results = Measurement.Results()
        results.set("rss.base", Double(TrimWatch.residentBytesAfterTrim()))
        world.afterServerTurn = { watch.update(liveBytes: world.serverBytes, at: $0) }
        defer { world.afterServerTurn = { _ in } }
        switch course {
        case .wave, .survivors:
            try open(within: Self.waveDuration, in: world)
            results.set("rss.peak", Double(ProcessMemory.current().residentBytes))
            pass(Self.untilSilentOnesLeft, in: world, watch)
            results.record(watch)
            if course.comesAgain { try results.setFaults { try open(within: Self.waveDuration, in: world) } }
        case .steady:
            try open(within: Self.idleTimeout, in: world)
            results.set("rss.peak", Double(ProcessMemory.current().residentBytes))
            watch.forget()
            try results.setFaults { try open(within: Self.idleTimeout, in: world) }
            results.record(watch)
        }
        return results
    }

    /// Opens all connections, group after group, and lets the clients vanish.
    private func open(within duration: Duration, in world: World) throws {
        let survivors = course == .survivors ? Self.survivorsPerGroup : 0
        for _ in 0..<groups {
            let group = try world.connect(Self.groupSize)
            world.keepAlive(group.prefix(survivors))
            world.abandon(group.dropFirst(survivors))
            world.advance(by: duration / groups)
        }
    }

    /// Lets time pass in steps short enough for a trim that had to wait.
    private func pass(_ duration: Duration, in world: World, _ watch: TrimWatch) {
        let step = Duration.milliseconds(100)
        for _ in 0..<Int(duration / step) {
            world.advance(by: step)
            watch.update(liveBytes: world.serverBytes, at: world.now)
        }
    }
}

extension Measurement.Results {
    /// Notes what trims have cost and yielded so far.
    fileprivate mutating func record(_ watch: TrimWatch) {
        set("rss.end", Double(ProcessMemory.current().residentBytes))
        set("trims", Double(watch.trimCount))
        set("trim.ns", watch.nanoseconds)
        set("trim.longest.ns", watch.longestNanoseconds)
    }

    /// Notes the page faults that `body` causes.
    fileprivate mutating func setFaults(_ body: () throws -> Void) rethrows {
        let before = PageFaults.count
        try body()
        set("faults", Double(PageFaults.count - before))
    }
}

import ArgumentParser
import CommandLineValues
import DatagramIO
import Datagrams
import Dispatch
import Glibc
import PathRelay
import TextValues

/// The `path-relay` command: carries UDP datagrams between clients and a server over an emulated path.
@main
struct PathRelayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path-relay",
        abstract: """
            Carries UDP datagrams between clients and a server with delay, jitter, loss, reordering, a rate, outages and \
            rebinding.
            """,
        discussion: """
            Clients send to the address it prints first, "listening on ADDRESS". It ends at SIGTERM or SIGINT, or after \
            --duration, with one line of counts and exit code 0. Both directions have the same conditions, each for \
            itself. The same --seed makes the same decisions about the same sequence of datagrams.

            Examples:
              path-relay --target 127.0.0.1:4433 --round-trip 50ms --loss 1%
              path-relay --target 127.0.0.1:4433 --round-trip 20ms --rate 100Mbit \\
                --queue 256KiB --outage 5s..7s --outage 12s..12500ms
            """
    )

    // The argument parser does not show the defaults of options with a transform.
    private enum Default {
        static let settings = Relay.Settings(target: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        static let memory = ByteCountArgument(settings.memoryLimitBytes)
    }

    /// The directions an outage interrupts.
    enum OutageDirection: String, ExpressibleByArgument, CaseIterable {
        case up
        case down
        case both
    }

    @Option(help: "The server's address and UDP port, such as 127.0.0.1:4433 or [::1]:4433.", transform: Self.address)
    var target: SocketAddress

    @Option(
        help: """
            The address and UDP port for clients; port 0 lets the system choose. (default: \
            \(Default.settings.listenAddress))
            """,
        transform: Self.address
    )
    var listen = Default.settings.listenAddress

    @OptionGroup(title: "The path")
    var conditions: ConditionOptions

    @Option(
        help: """
            How often a client gets another port towards the server, as behind a NAT: with the first datagram it sends \
            after so long; what the server still sends to the old port is lost. (default: never)
            """,
        transform: DurationArgument.init
    )
    var rebindEvery: DurationArgument?

    @Option(
        help: """
            Clients at once, by address and port; a new one takes the place of the one that has been quiet the longest, \
            for a second at least, and is not served if there is none.
            """
    )
    var clients = Default.settings.clientLimit

    @Option(
        help: """
            Bytes the relay may hold in datagrams under way, half in each direction; a datagram takes \
            \(DatagramRing.slotBytes). (default: \(Default.memory))
            """,
        transform: ByteCountArgument.init
    )
    var memory = Default.memory

    @Option(help: "How long to relay. (default: until a signal)", transform: DurationArgument.init)
    var duration: DurationArgument?

    func validate() throws {
        guard target.port != 0 else { throw ValidationError("--target \(target) is not accepted: use a port from 1") }
        guard (1...60_000).contains(clients) else {
            throw ValidationError("--clients \(clients) is not accepted: use 1 to 60000")
        }
        guard ((1 << 20)...(1 << 34)).contains(memory.count) else {
            throw ValidationError("--memory \(memory) is not accepted: use 1MiB to 16GiB")
        }
        if let rebindEvery, rebindEvery.duration < .milliseconds(10) {
            throw ValidationError("--rebind-every \(rebindEvery) is not accepted: use 10ms or more")
        }
        if let duration, duration.duration == .zero {
            throw ValidationError("--duration \(duration) is not accepted: use 1ms or more")
        }
        _ = try conditions.conditions()
    }

    func run() throws {
        var settings = Relay.Settings(target: target)
        settings.listenAddress = listen
        settings.conditions = try conditions.conditions()
        settings.rebindEvery = rebindEvery?.duration
        settings.clientLimit = clients
        settings.memoryLimitBytes = memory.count
        Self.raiseDescriptorLimit(to: clients)
        // The signals are held from before the address is known, so that none of them ends the process.
        for number in [SIGTERM, SIGINT] { signal(number, SIG_IGN) }
        let relay = try Relay(settings)
        let sources = Self.signalSources(ending: relay.stop)
        defer { for source in sources { source.cancel() } }
        Self.printNow("listening on \(relay.address)")
        let end = duration.map { MonotonicInstant.now().advanced(by: $0.duration) } ?? .distantFuture
        let counts = try relay.run(until: end)
        Self.printNow("relayed \(counts)")
    }

    /// Has the signals that ask it to end call `stop`. They do so from when this returns: sources begin to watch on
    /// another thread, and a signal before that would be lost.
    private static func signalSources(ending stop: RelayStop) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "signals")
        return [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            let isWatching = DispatchSemaphore(value: 0)
            source.setEventHandler { stop.request() }
            source.setRegistrationHandler { isWatching.signal() }
            source.activate()
            isWatching.wait()
            return source
        }
    }

    /// Each client needs a descriptor, and many systems give a process 1,024 unless it asks.
    private static func raiseDescriptorLimit(to clients: Int) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, rlim_t(clients + 64)))
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Prints a line, also into a pipe, before the next one is due.
    private static func printNow(_ line: String) {
        print(line)
        fflush(nil)
    }

    private static func address(_ text: String) throws -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw ValidationError("use an address and a port, such as 127.0.0.1:4433 or [::1]:4433")
        }
        return address
    }
}

import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Shuts the server down at the second SIGTERM or SIGINT, for which the first one lets connections finish; and ends the process if
/// that is not done within ``patience``, or at the third.
///
/// Owns: two signal sources. Released by: ``ignore()``.
struct SecondSignal {
    private let sources: [any DispatchSourceSignal]
    private let count: Counter

    /// How long closing all connections may take.
    private static let patience = DispatchTimeInterval.seconds(1)

    /// Begins to count.
    init(_ shutDown: @escaping @Sendable () async -> Void) {
        let queue = DispatchQueue(label: "second-signal")
        let count = Counter()
        self.count = count
        sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let sum = count.add(source.data)
                guard sum >= 2 else { return }
                // As a shell reports a process that a signal ended.
                if sum > 2 { _exit(128 + number) }
                Task { await shutDown() }
                queue.asyncAfter(deadline: .now() + Self.patience) { if !count.isIgnored { _exit(128 + number) } }
            }
            source.activate()
            return source
        }
    }

    /// Stops counting.
    func ignore() {
        count.ignore()
        for source in sources { source.cancel() }
    }

    private final class Counter: Sendable {
        private let count = Atomic<UInt>(0)
        private let ignores = Atomic(false)

        /// Whether the server has ended meanwhile.
        var isIgnored: Bool { ignores.load(ordering: .relaxed) }

        func ignore() {
            ignores.store(true, ordering: .relaxed)
        }

        /// The sum so far.
        func add(_ number: UInt) -> UInt {
            count.add(number, ordering: .relaxed).newValue
        }
    }
}

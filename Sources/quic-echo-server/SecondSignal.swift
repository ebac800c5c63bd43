import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ends the process at the second SIGTERM or SIGINT: the first one asks for a shutdown, which may take too long.
///
/// Owns: two signal sources. Released by: ``ignore()``.
struct SecondSignal {
    private let sources: [any DispatchSourceSignal]

    /// Begins to count.
    init() {
        let queue = DispatchQueue(label: "second-signal")
        let count = Counter()
        sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // As a shell reports a process that a signal ended.
                if count.add(source.data) >= 2 { _exit(128 + number) }
            }
            source.activate()
            return source
        }
    }

    /// Stops counting.
    func ignore() {
        for source in sources { source.cancel() }
    }

    private final class Counter: Sendable {
        private let count = Atomic<UInt>(0)

        /// The sum so far.
        func add(_ number: UInt) -> UInt {
            count.add(number, ordering: .relaxed).newValue
        }
    }
}

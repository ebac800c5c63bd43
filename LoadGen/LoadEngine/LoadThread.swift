#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Threads of a run, which block where Swift's own must not.
enum LoadThread {
    /// How the names of these threads begin, by which they are found in `/proc`.
    static let namePrefix = "load-"

    /// Runs `body` on a thread of its own, and waits for its result without blocking.
    ///
    /// - Parameter name: At most ten characters.
    /// - Throws: What `body` throws, and ``EngineError/thread(_:)`` when the system has no thread left.
    static func run<Result: Sendable>(
        _ name: String,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let start = Start(name: namePrefix + name) {
                continuation.resume(with: Swift.Result { try body() })
            }
            if let status = start.startThread() { continuation.resume(throwing: EngineError.thread(status)) }
        }
    }

    /// Blocks the calling thread.
    static func sleep(for duration: Duration) {
        usleep(UInt32(clamping: Int(duration / .microseconds(1))))
    }

    /// What the new thread is given.
    private final class Start: Sendable {
        private let name: String
        private let body: @Sendable () -> Void

        init(name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        /// - Returns: Why the thread could not be started; nil when it was.
        func startThread() -> Int32? {
            let argument = unsafe Unmanaged.passRetained(self)
            var thread = pthread_t()
            let status = unsafe pthread_create(&thread, nil, Self.main, argument.toOpaque())
            guard status == 0 else {
                unsafe argument.release()
                return status
            }
            pthread_detach(thread)
            return nil
        }

        private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument = unsafe argument else { return nil }
            let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            setName(start.name)
            start.body()
            return nil
        }

        /// Names the calling thread. Without `/proc` it stays unnamed, and uncounted.
        private static func setName(_ name: String) {
            let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            unsafe write(file, name, name.utf8.count)
            close(file)
        }
    }
}

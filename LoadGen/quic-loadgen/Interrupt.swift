import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ctrl-C: the first ends the run early and still reports it, the second ends the process.
///
/// Safe to share: the source may be cancelled from any thread.
final class Interrupt: @unchecked Sendable {
    /// What the first SIGINT does, and whether it came before that was known.
    private struct State {
        var action: (@Sendable () -> Void)?
        var hasCome = false
    }

    private let source: any DispatchSourceSignal
    private let state = Mutex(State())

    /// Keeps SIGINT from ending the process. What that opens is open when this returns.
    init() async {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT)
        source.setEventHandler { [weak self] in self?.interrupt() }
        await withCheckedContinuation { continuation in
            source.setRegistrationHandler { continuation.resume() }
            source.activate()
        }
    }

    /// Calls `action` at the first SIGINT; at once when that has come already.
    func first(_ action: @escaping @Sendable () -> Void) {
        let hasCome = state.withLock { state in
            state.action = action
            return state.hasCome
        }
        if hasCome { action() }
    }

    /// Gives SIGINT its usual meaning back.
    func ignore() {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    /// Carries `body` out in a task that the first SIGINT cancels.
    ///
    /// - Parameter finish: Called at the end, whatever that is.
    static func endingEarly<Result: Sendable>(
        _ finish: (() -> Void)?,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let interrupt = await Interrupt()
        let task = Task { try await body() }
        interrupt.first { task.cancel() }
        defer {
            interrupt.ignore()
            finish?()
        }
        return try await task.value
    }

    private func interrupt() {
        signal(SIGINT, SIG_DFL)
        let action = state.withLock { state in
            state.hasCome = true
            return state.action
        }
        action?()
    }
}

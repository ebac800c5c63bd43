import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ctrl-C: the first ends the run early and still reports it, the second ends the process.
struct Interrupt {
    private let source: any DispatchSourceSignal

    /// Calls `action` at the first SIGINT.
    init(_ action: @escaping @Sendable () -> Void) {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT)
        source.setEventHandler {
            signal(SIGINT, SIG_DFL)
            action()
        }
        source.activate()
    }

    /// Gives SIGINT its usual meaning back.
    func ignore() {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }
}

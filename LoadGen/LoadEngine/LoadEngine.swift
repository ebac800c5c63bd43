import DatagramIO
public import Datagrams
public import LoadModel
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Opens the connections of a scenario against one server, on a thread of its own.
public struct LoadEngine: LoadRunning {
    private let target: SocketAddress

    /// An engine aimed at `target`.
    public init(target: SocketAddress) {
        self.target = target
    }

    /// Opens every connection of `scenario` and returns when the last has ended.
    ///
    /// - Throws: When a socket cannot be opened, or TLS cannot be set up.
    public func run(
        scenario: LoadScenario,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let start = Start(
                    scenario: scenario,
                    target: target,
                    cancellation: cancellation,
                    onProgress: onProgress,
                    continuation: continuation
                )
                start.startThread()
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

/// What the thread of a run needs, and how it answers.
private final class Start: Sendable {
    private let scenario: LoadScenario
    private let target: SocketAddress
    private let cancellation: Cancellation
    private let onProgress: @Sendable (LoadProgress) -> Void
    private let continuation: CheckedContinuation<LoadResult, any Error>

    init(
        scenario: LoadScenario,
        target: SocketAddress,
        cancellation: Cancellation,
        onProgress: @escaping @Sendable (LoadProgress) -> Void,
        continuation: CheckedContinuation<LoadResult, any Error>
    ) {
        self.scenario = scenario
        self.target = target
        self.cancellation = cancellation
        self.onProgress = onProgress
        self.continuation = continuation
    }

    func startThread() {
        let argument = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = unsafe pthread_create(&thread, nil, Self.main, argument.toOpaque())
        guard status != 0 else {
            pthread_detach(thread)
            return
        }
        unsafe argument.release()
        continuation.resume(throwing: EngineError.thread(status))
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.continuation.resume(with: Result { try start.run() })
        return nil
    }

    private func run() throws -> LoadResult {
        let driver = try LoadDriver(scenario: scenario, target: target)
        return try driver.run(cancellation: cancellation, onProgress: onProgress)
    }
}

/// Why a run could not be carried out.
public enum EngineError: Error, CustomStringConvertible {
    /// The system has no further thread.
    case thread(Int32)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .thread(let code): "cannot start the load thread: error \(code)"
        }
    }
}

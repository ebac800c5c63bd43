import EchoService
import Foundation
import QUICServer
import QUICTesting
import Synchronization

/// A value that several threads share with a test.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { body(&$0) }
    }
}

/// Calls `body` on a thread of its own: a client that waits for its socket would block those that tasks run on.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}

extension ServerConfiguration {
    /// On a port that the system chooses, with connections that last as long as a test takes.
    static var forTests: ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        return configuration
    }
}

extension Server {
    /// A server of echoes.
    static func forTests(workers: Int = 1) throws -> Server {
        var configuration = ServerConfiguration.forTests
        configuration.workerCount = workers
        return try Server(configuration: configuration, services: [EchoService()])
    }
}

import EchoService
import Foundation
import QUICServer
import QUICTesting

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

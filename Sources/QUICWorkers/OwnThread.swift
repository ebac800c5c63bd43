#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The system has no further thread.
package struct ThreadError: Error {
    /// The error number of `pthread_create`.
    package let code: Int32
}

/// Threads of the system's, for loops that block: they must not take those that tasks share.
package enum OwnThread {
    /// Calls `body` on a thread of its own, which ends with it.
    package static func start(_ body: sending @escaping () -> Void) throws(ThreadError) {
        let argument = unsafe Unmanaged.passRetained(Start(body))
        var thread = pthread_t()
        let status = unsafe pthread_create(&thread, nil, main, argument.toOpaque())
        guard status == 0 else {
            unsafe argument.release()
            throw ThreadError(code: status)
        }
        pthread_detach(thread)
    }

    /// The body on its way to the new thread.
    private final class Start {
        let body: () -> Void

        init(_ body: @escaping () -> Void) {
            self.body = body
        }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
    }
}

import Foundation

/// A process of ours and its children, in a process group of their own.
///
/// Foundation's `Process` is not used: on Linux it may miss the end of a process.
///
/// Owns: the process until its end was seen. Released by: `deinit`, which kills the group if it still runs.
final class ChildProcess {
    let processID: pid_t
    private var status: Int32?

    /// Starts the program at `path`, with its output in files.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        output: String,
        errors: String
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let writing = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, writing, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, writing, 0o600)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Threads of Swift's pool block signals, and a child would inherit that.
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK))

        let argumentList = CStringArray([path] + arguments)
        let environmentList = CStringArray(environment.map { "\($0)=\($1)" })
        var processID: pid_t = 0
        let error = unsafe posix_spawn(
            &processID,
            path,
            &actions,
            &attributes,
            argumentList.pointer,
            environmentList.pointer
        )
        guard error == 0 else {
            throw RunningProgram.Failure(description: "\(path): \(unsafe String(cString: strerror(error)))")
        }
        self.processID = processID
    }

    deinit {
        guard exitStatus == nil else { return }
        kill(-processID, SIGKILL)
        waitpid(processID, nil, 0)
    }

    /// How it ended, as a shell says it: its exit code, or 128 and the signal; nil while it runs.
    var exitStatus: Int32? {
        if let status { return status }
        var native: Int32 = 0
        guard unsafe waitpid(processID, &native, WNOHANG) == processID else { return nil }
        let signal = native & 0x7f
        status = signal == 0 ? (native >> 8) & 0xff : 128 + signal
        return status
    }

    /// Sends it a signal, unless it has ended.
    func send(_ signal: Int32) {
        if exitStatus == nil { kill(processID, signal) }
    }
}

/// Strings as C programs get them: an array that ends with nil.
///
/// Owns: the array and a copy of each string. Released by: `deinit`.
@safe
private final class CStringArray {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointer = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { unsafe pointer[index] = strdup(string) }
        unsafe pointer[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointer[index]) }
        unsafe pointer.deallocate()
    }
}

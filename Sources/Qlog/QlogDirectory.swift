import Glibc
import QUICPackets
import Synchronization

/// A directory that takes the qlog of each connection, in a file of its own that is bounded, as all of them together are.
///
/// ```swift
/// configuration.transport.qlog = try QlogDirectory("/var/log/quic")
/// ```
///
/// A file is named `<original destination connection ID in hexadecimal>.sqlog` and has a record for each packet and each change of
/// the congestion controller, as JSON text sequences (RFC 7464). It is for debugging: a connection writes 8 KiB at a time on the thread
/// that drives it, which waits for the file system meanwhile. The last records of a live connection are not in its file yet.
///
/// The files are for their owner alone (mode 600): they have addresses, connection IDs, tokens and stateless reset tokens, but neither
/// keys nor the bytes of streams.
///
/// A full disk, a limit or a file that was removed ends the log of that connection and nothing else; ``counts`` has them. Any number
/// of servers and clients may share a directory, if no two of them are ends of the same connection.
///
/// Owns: one descriptor. Released by: `deinit`. Bound: ``limits`` on disk, 8.3 KB in memory for each connection with a log, and 4 KiB
/// of ngtcp2's, all charged to the connection.
public final class QlogDirectory: Sendable {
    /// Where it is.
    public let path: String
    /// How much it may take.
    public let limits: QlogLimits

    private let descriptor: Int32
    private let files: Atomic<Int>
    private let bytes: Atomic<Int>
    private let connectionsWithoutLog = Atomic(0)
    private let cutLogs = Atomic(0)
    private let failedLogs = Atomic(0)
    private let droppedRecords = Atomic(0)

    /// Opens a directory that exists.
    ///
    /// - Throws: ``QlogError`` when the linked ngtcp2 is not safe, a limit is not accepted, or no file can be made there.
    public convenience init(_ path: String, limits: QlogLimits = QlogLimits()) throws(QlogError) {
        if let refusal = LinkedLibraries.qlogRefusal { throw refusal }
        try self.init(uncheckedAt: path, limits: limits)
    }

    /// The same with any version of ngtcp2: for tests, whose peers are honest.
    package init(uncheckedAt path: String, limits: QlogLimits = QlogLimits()) throws(QlogError) {
        if let flaw = limits.flaw { throw .limit(flaw) }
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .directory(path: path, reason: Self.systemReason()) }
        guard Self.takesFiles(descriptor), let found = Self.contents(of: descriptor) else {
            let reason = Self.systemReason()
            close(descriptor)
            throw .directory(path: path, reason: reason)
        }
        self.path = path
        self.limits = limits
        self.descriptor = descriptor
        files = Atomic(found.files)
        bytes = Atomic(found.bytes)
    }

    deinit {
        close(descriptor)
    }

    /// Its contents, and the parts of logs that it left out.
    public struct Counts: Sendable, Hashable, Encodable {
        /// Files, now.
        public var files = 0
        /// Bytes of these files, now.
        public var bytes = 0
        /// Connections that began without a log because of ``QlogLimits/fileLimit``, since start.
        public var connectionsWithoutLog = 0
        /// Logs that ended before their connections because of a limit in bytes, since start.
        public var cutLogs = 0
        /// Logs that ended because the system refused to make or to extend their files, since start.
        public var failedLogs = 0
        /// Records that are in no file because their log had ended, since start.
        public var droppedRecords = 0

        package init(
            files: Int = 0,
            bytes: Int = 0,
            connectionsWithoutLog: Int = 0,
            cutLogs: Int = 0,
            failedLogs: Int = 0,
            droppedRecords: Int = 0
        ) {
            self.files = files
            self.bytes = bytes
            self.connectionsWithoutLog = connectionsWithoutLog
            self.cutLogs = cutLogs
            self.failedLogs = failedLogs
            self.droppedRecords = droppedRecords
        }
    }

    /// Its contents and omissions at this moment. Files that others remove meanwhile are not noticed before the next start.
    public var counts: Counts {
        Counts(
            files: files.load(ordering: .relaxed),
            bytes: bytes.load(ordering: .relaxed),
            connectionsWithoutLog: connectionsWithoutLog.load(ordering: .relaxed),
            cutLogs: cutLogs.load(ordering: .relaxed),
            failedLogs: failedLogs.load(ordering: .relaxed),
            droppedRecords: droppedRecords.load(ordering: .relaxed)
        )
    }

    static let fileSuffix = ".sqlog"
    private static let fileMode: mode_t = 0o600

    private static func systemReason() -> String { unsafe String(cString: strerror(errno)) }
}

// MARK: - Shares of the limits

extension QlogDirectory {
    /// Takes a place for one more file; false, and a connection without a log, when there is none.
    func takeFile() -> Bool {
        let isTaken = Self.take(1, of: files, upTo: limits.fileLimit)
        if !isTaken { connectionsWithoutLog.add(1, ordering: .relaxed) }
        return isTaken
    }

    /// Gives back the place of a file that was never made.
    func giveBackFile() {
        files.subtract(1, ordering: .relaxed)
    }

    /// Takes `count` bytes of what all files may have together; false when they are not left.
    func takeBytes(_ count: Int) -> Bool {
        Self.take(count, of: bytes, upTo: limits.directoryBytesLimit)
    }

    /// Gives back bytes that were not written.
    func giveBackBytes(_ count: Int) {
        bytes.subtract(count, ordering: .relaxed)
    }

    func noteCutLog() { cutLogs.add(1, ordering: .relaxed) }

    func noteFailedLog() { failedLogs.add(1, ordering: .relaxed) }

    func noteDroppedRecords(_ count: Int) {
        if count > 0 { droppedRecords.add(count, ordering: .relaxed) }
    }

    private static func take(_ count: Int, of counter: borrowing Atomic<Int>, upTo limit: Int) -> Bool {
        var current = counter.load(ordering: .relaxed)
        while current <= limit - count {
            let (exchanged, original) = counter.weakCompareExchange(
                expected: current,
                desired: current + count,
                ordering: .relaxed
            )
            if exchanged { return true }
            current = original
        }
        return false
    }
}

// MARK: - The file system

extension QlogDirectory {
    /// Appends `records` to the file of `name`, which has `length` bytes; it is made when these are none.
    ///
    /// The file is opened each time: so connections hold no descriptors, of which a process has few.
    ///
    /// - Returns: Whether the file has them all. Otherwise it has none of them, as far as the system allows.
    func append(_ records: UnsafeRawBufferPointer, to name: ConnectionID, at length: Int) -> Bool {
        let isNew = length == 0
        let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isNew ? O_CREAT | O_EXCL : 0)
        let file = unsafe openat(descriptor, "\(name)\(Self.fileSuffix)", flags, Self.fileMode)
        guard file >= 0 else { return false }
        defer { close(file) }
        let written = unsafe write(file, records.baseAddress, records.count)
        if written == records.count { return true }
        // A full disk took a part, which may end within a record.
        if written > 0 { _ = ftruncate(file, length) }
        return false
    }

    /// Whether a file can be made in a directory. Permission bits do not tell: the file system may be read-only.
    private static func takesFiles(_ directory: Int32) -> Bool {
        // Random, so that processes that start at once do not meet.
        let name = "\(String(UInt64.random(in: .min ... .max), radix: 16)).probe"
        let file = unsafe openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, fileMode)
        guard file >= 0 else { return false }
        close(file)
        return unsafe unlinkat(directory, name, 0) == 0
    }

    /// The logs that are there, of earlier processes; nil when the directory cannot be read.
    private static func contents(of directory: Int32) -> (files: Int, bytes: Int)? {
        // `closedir` closes the descriptor that it reads.
        let copy = unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return nil }
        guard let stream = unsafe fdopendir(copy) else {
            close(copy)
            return nil
        }
        defer { unsafe closedir(stream) }
        var (files, bytes) = (0, 0)
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(fileSuffix) else { continue }
            var status = stat()
            guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            files += 1
            bytes += Int(status.st_size)
        }
        return (files, bytes)
    }
}

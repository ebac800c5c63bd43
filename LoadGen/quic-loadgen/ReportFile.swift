import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file a report is written to: either the whole report is there, or what was there before.
///
/// Owns: a temporary file beside the path and its descriptor. Released by: `deinit`, which removes the file unless it
/// has taken the path's place.
struct ReportFile: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32

    /// Makes sure a report can be written to `path`, without touching what is there.
    ///
    /// - Throws: ``SystemError`` when the folder does not take a file or `path` is a folder.
    static func open(_ path: String) throws(SystemError) -> ReportFile {
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw SystemError(description: "it is a folder")
        }
        let temporaryPath = "\(path).\(getpid()).tmp"
        let descriptor = createFile(at: temporaryPath)
        guard descriptor >= 0 else { throw SystemError.current() }
        return ReportFile(path: path, temporaryPath: temporaryPath, descriptor: descriptor)
    }

    private init(path: String, temporaryPath: String, descriptor: Int32) {
        self.path = path
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        unsafe unlink(temporaryPath)
    }

    /// Puts `report` at the path.
    borrowing func write(_ report: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try writeAll(try encoder.encode(report) + [UInt8(ascii: "\n")], to: descriptor)
        guard unsafe rename(temporaryPath, path) == 0 else { throw SystemError.current() }
    }
}

private func createFile(at path: String) -> Int32 {
    unsafe open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
}

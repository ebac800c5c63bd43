import ArgumentParser
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file a report is written to: either the whole report is there, or what was there before.
///
/// It is written beside the path first, and then takes its place. Between ``open(_:)`` and that there is nothing, so
/// that a run that is killed leaves nothing.
struct ReportFile {
    private let path: String
    private let temporaryPath: String

    /// Makes sure a report can be written to `path`, without touching what is there.
    ///
    /// - Throws: ``SystemError`` when the folder does not take a file, or `path` is something else than a file.
    static func open(_ path: String) throws(SystemError) -> ReportFile {
        guard !path.isEmpty else { throw SystemError(description: "its name is empty") }
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw SystemError(description: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a file")
        }
        let file = ReportFile(path: path, temporaryPath: "\(path).\(getpid()).tmp")
        try file.withTemporaryFile { _ throws(SystemError) in }
        return file
    }

    /// Puts `report` as JSON at the path.
    func write(_ report: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try put(try encoder.encode(report) + [UInt8(ascii: "\n")])
    }

    /// Puts `text` at the path.
    func write(text: String) throws {
        try put(Array(text.utf8))
    }

    private func put(_ bytes: some Collection<UInt8>) throws(SystemError) {
        try withTemporaryFile { descriptor throws(SystemError) in
            try writeAll(bytes, to: descriptor)
            guard unsafe rename(temporaryPath, path) == 0 else { throw SystemError.current() }
        }
    }

    /// Lends a new file beside the path, which is removed afterwards unless it has taken the path's place.
    private func withTemporaryFile(_ body: (Int32) throws(SystemError) -> Void) throws(SystemError) {
        let descriptor = createFile(at: temporaryPath)
        guard descriptor >= 0 else { throw SystemError.current() }
        defer {
            close(descriptor)
            unsafe unlink(temporaryPath)
        }
        try body(descriptor)
    }
}

extension ReportFile {
    /// The file that an option names, ready to be written.
    ///
    /// - Throws: `ValidationError` naming the option, the path and the reason.
    static func openForOption(_ path: String, _ option: String = "json") throws -> ReportFile {
        do {
            return try open(path)
        } catch {
            throw ValidationError("--\(option) \(path) cannot be written: \(error)")
        }
    }

    /// Makes sure that no two of these paths are of one file.
    ///
    /// - Throws: `ValidationError` naming both options.
    static func checkDistinct(_ paths: [(option: String, path: String)]) throws {
        for (index, later) in paths.enumerated() {
            guard let earlier = paths[..<index].first(where: { place(of: $0.path) == place(of: later.path) }) else {
                continue
            }
            throw ValidationError("--\(earlier.option) and --\(later.option) name the same file: \(later.path)")
        }
    }

    /// The folder of a path, however it is written, and the name in it.
    private static func place(of path: String) -> [String] {
        let cut = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
        var status = stat()
        let folder = cut == path.startIndex ? "." : String(path[..<cut])
        let isKnown = unsafe stat(folder, &status) == 0
        return [isKnown ? "\(status.st_dev) \(status.st_ino)" : folder, String(path[cut...])]
    }
}

private func createFile(at path: String) -> Int32 {
    unsafe open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
}

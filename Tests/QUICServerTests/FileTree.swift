import Foundation

/// A small tree of files in a temporary folder, such as a `/proc` and a `/sys` that no machine at hand has.
///
/// Released by: `deinit`.
final class FileTree {
    /// The folder, without a slash at the end.
    let root: String

    /// Writes `files`, the contents of each by its path below the root.
    init(_ files: [String: String]) throws {
        root = FileManager.default.temporaryDirectory.appending(path: "tree-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (path, text) in files {
            let file = URL(filePath: root + path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }
}

// Serves the files of a folder over HTTP/0.9, as hq-interop does: file-server FOLDER [ADDRESS]
import Foundation
import QUICAsync
import QUICServer

/// The files below a folder.
struct Files {
    let folder: URL

    /// The file that `GET /path` asks for; nil where it asks for none, or for one elsewhere.
    func open(_ request: String) -> FileHandle? {
        let words = request.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, words[0] == "GET", words[1].hasPrefix("/") else { return nil }
        let file = folder.appending(path: String(words[1].dropFirst())).resolvingSymlinksInPath()
        guard file.path.hasPrefix(folder.path + "/") else { return nil }
        return try? FileHandle(forReadingFrom: file)
    }
}

/// Reads the request of a stream, and answers with a file.
func serve(_ stream: ByteStream, from files: Files) async throws {
    var request: [UInt8] = []
    for try await chunk in stream {
        request += chunk
        guard request.count <= 1_024 else { return stream.reset(code: 2) }
        if request.last == UInt8(ascii: "\n") { break }
    }
    guard let file = files.open(String(decoding: request, as: UTF8.self)) else { return stream.reset(code: 1) }
    defer { try? file.close() }
    // A disk may be slow, and this is the thread of a worker: others read for it.
    while let bytes = try await withTaskExecutorPreference(
        globalConcurrentExecutor,
        operation: { try file.read(upToCount: 64 << 10) }
    ),
        !bytes.isEmpty
    {
        try await stream.write([UInt8](bytes))
    }
    stream.finish()
}

let arguments = CommandLine.arguments.dropFirst()
guard let folder = arguments.first else {
    FileHandle.standardError.write(Data("usage: file-server FOLDER [ADDRESS]\n".utf8))
    exit(64)
}
var configuration = ServerConfiguration()
if let text = arguments.dropFirst().first, let address = SocketAddress(text) { configuration.listenAddress = address }
let files = Files(folder: URL(filePath: folder).resolvingSymlinksInPath())
let server = try AsyncServer(configuration: configuration, applicationProtocols: ["hq-interop"])
FileHandle.standardOutput.write(Data("listening on \(server.address)\n".utf8))

await server.run { [files] connection in
    await withDiscardingTaskGroup { group in
        for await stream in connection.streams {
            group.addTask { try? await serve(stream, from: files) }
        }
    }
}

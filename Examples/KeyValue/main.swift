// A store that all connections share, of keys and values in lines of text: key-value [ADDRESS]
//
//     SET name value  →  OK            GET name  →  = value, or NONE
//     DEL name        →  OK, or NONE   anything else  →  ERROR and a reason
import Glibc
import QUICAsync
import QUICServer

/// The values, in the one place where they are changed.
///
/// Bound: `limit` keys, each in a line of `Lines.bytesLimit` with its value.
actor Store {
    private var values: [Substring: Substring] = [:]
    private let limit = 10_000

    func answer(_ line: String) -> String {
        let words = line.split(separator: " ", maxSplits: 2)
        switch (words.first, words.count) {
        case ("SET", 3):
            guard values[words[1]] != nil || values.count < limit else { return "ERROR the store is full" }
            values[words[1]] = words[2]
            return "OK"
        case ("GET", 2): return values[words[1]].map { "= \($0)" } ?? "NONE"
        case ("DEL", 2): return values.removeValue(forKey: words[1]) == nil ? "NONE" : "OK"
        default: return "ERROR expected SET name value, GET name, or DEL name"
        }
    }
}

/// Cuts the bytes of a stream into lines.
struct Lines {
    static let bytesLimit = 1_024
    private var rest: [UInt8] = []

    struct TooLong: Error {}

    mutating func take(_ bytes: [UInt8]) throws -> [String] {
        rest += bytes
        var lines: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeFirst(end + 1)
        }
        guard rest.count < Self.bytesLimit, lines.allSatisfy({ $0.utf8.count < Self.bytesLimit }) else {
            throw TooLong()
        }
        return lines
    }
}

var configuration = ServerConfiguration()
if let text = CommandLine.arguments.dropFirst().first, let address = SocketAddress(text) {
    configuration.listenAddress = address
}
let server = try AsyncServer(configuration: configuration, applicationProtocols: ["key-value"])
let store = Store()
print("listening on \(server.address)")
fflush(nil)

await server.run { [store] connection in
    await withDiscardingTaskGroup { group in
        for await stream in connection.streams {
            group.addTask {
                var lines = Lines()
                do {
                    for try await chunk in stream {
                        for line in try lines.take(chunk) { try await stream.write(await store.answer(line) + "\n") }
                    }
                    stream.finish()
                } catch is Lines.TooLong {
                    connection.close(code: 1, reasonPhrase: "a line is longer than \(Lines.bytesLimit) bytes")
                } catch {}
            }
        }
    }
}

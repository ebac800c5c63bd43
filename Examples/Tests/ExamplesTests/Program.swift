import Foundation
import QUICAsync
import QUICClient

/// A running example.
final class Program {
    /// Where it listens.
    let address: SocketAddress
    private let process: Process

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The folder with the examples: that of the tests.
    private static let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()

    /// Starts an example that listens on a port of its own.
    init(_ name: String, _ arguments: [String] = []) throws {
        process = Process()
        process.executableURL = Self.folder.appending(path: name)
        process.arguments = arguments + ["127.0.0.1:0"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let prefix = "listening on "
        guard line.hasPrefix(prefix), let address = SocketAddress(String(line.dropFirst(prefix.count).dropLast()))
        else {
            process.terminate()
            throw Failure(description: "\(name) said: \(line)")
        }
        self.address = address
    }

    /// Ends it.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Runs an example to its end.
    static func run(_ name: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = folder.appending(path: name)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}

import Foundation

/// Where the programs are that tests start. What is missing fails the test that needs it.
enum Programs {
    /// A program, or a file it needs, is not there.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// Our server.
    static var server: URL {
        get throws { try ours("quic-echo-server", in: "QUICHARNESS_EXECUTABLES") ?? besideTests("quic-echo-server") }
    }

    /// Our load generator.
    static var loadGenerator: URL {
        get throws { try ours("quic-loadgen", in: "QUICHARNESS_EXECUTABLES") ?? besideTests("quic-loadgen") }
    }

    /// Our relay, which puts a path between a client and a server.
    static var pathRelay: URL {
        get throws { try ours("path-relay", in: "QUICHARNESS_EXECUTABLES") ?? besideTests("path-relay") }
    }

    /// A server built with the trait `NegativeControls`, which can be told to break the memory promise.
    static var negativeServer: URL {
        get throws { try negative("quic-echo-server") }
    }

    /// The simulation of lives built with the same trait.
    static var negativeSimulation: URL {
        get throws { try negative("life-simulation") }
    }

    /// Debian's client of ngtcp2 with GnuTLS.
    static var debianClient: URL {
        get throws { try existing("/usr/bin/gtlsclient", remedy: "run scripts/setup --tests") }
    }

    /// Debian's server of ngtcp2 with GnuTLS.
    static var debianServer: URL {
        get throws { try existing("/usr/sbin/gtlsserver", remedy: "run scripts/setup --tests") }
    }

    /// Debian's Chromium.
    static var browser: URL {
        get throws { try existing("/usr/bin/chromium", remedy: "run scripts/setup --tests") }
    }

    /// What runs a program with fewer capabilities: a part of every Debian.
    static var setpriv: URL {
        get throws { try existing("/usr/bin/setpriv", remedy: "install util-linux") }
    }

    /// What changes the limits of a running process: a part of every Debian.
    static var prlimit: URL {
        get throws { try existing("/usr/bin/prlimit", remedy: "install util-linux") }
    }

    /// A Python that has aioquic.
    static var python: URL {
        get throws {
            let path = packageRoot.appending(path: ".build/aioquic/bin/python3").path
            return try existing(path, remedy: "run scripts/setup --tests")
        }
    }

    /// The peer `name` of Tests/Peers.
    static func peer(_ name: String) throws -> URL {
        let path = packageRoot.appending(path: "Tests/Peers/\(name)").path
        return try existing(path, remedy: "it is a part of this package")
    }

    /// A file of Tests.
    static func part(_ path: String) throws -> URL {
        try existing(packageRoot.appending(path: "Tests/\(path)").path, remedy: "it is a part of this package")
    }

    /// The folder of Package.swift.
    private static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func ours(_ name: String, in variable: String) throws -> URL? {
        guard let folder = ProcessInfo.processInfo.environment[variable] else { return nil }
        return try existing("\(folder)/\(name)", remedy: "run scripts/test, which builds it")
    }

    private static func negative(_ name: String) throws -> URL {
        let variable = "QUICHARNESS_NEGATIVE_EXECUTABLES"
        guard let program = try ours(name, in: variable) else {
            throw Missing(description: "\(variable) is not set: run scripts/test, which sets it")
        }
        return program
    }

    private static func besideTests(_ name: String) throws -> URL {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let path = tests.deletingLastPathComponent().appending(path: name).path
        return try existing(path, remedy: "run scripts/test, which builds it")
    }

    private static func existing(_ path: String, remedy: String) throws -> URL {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Missing(description: "\(path) is not there: \(remedy)")
        }
        return URL(filePath: path)
    }
}

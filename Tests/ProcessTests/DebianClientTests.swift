import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// Debian's `gtlsclient`, which speaks HTTP/3 only, as a client of the h3 service.
    @Suite struct DebianClientTests {
        private static let path = "1048576"

        /// Lines of 63 letters that shift from line to line, and a line feed; it repeats after 64 KiB.
        private static let expected = Data(
            (0..<1_048_576).map { index in
                let (line, column) = (index % 65_536 / 64, index % 64)
                return column == 63 ? UInt8(ascii: "\n") : UInt8(ascii: "a") + UInt8((column + line) % 26)
            }
        )

        @Test(
            arguments: [
                [], ["--key-update=1ms"], ["--version=v2"], ["--available-versions=v1,v2"],
                ["--version=0x1a2a3a4a", "--preferred-versions=v1"],
                ["--change-local-addr=1ms"],
                // A client that only receives while its address changes would never be heard of again.
                ["--change-local-addr=50ms", "--nat-rebinding", "--delay-stream=150ms"],
            ]
        )
        func theFileArrivesWhole(_ options: [String]) async throws {
            try await withServer("--alpn", "h3") { try await fetch(from: $0, options) }
        }

        @Test func theFileArrivesWholeWhereNobodyIsFollowed() async throws {
            // The server announces disable_active_migration: this client then stays where it is.
            try await withServer("--alpn", "h3", "--no-allow-migration") {
                try await fetch(from: $0, ["--change-local-addr=1ms"])
            }
        }

        private func fetch(from server: RunningServer, _ options: [String]) async throws {
            let folder = try TemporaryFolder()
            let arguments = ["--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump", "-q"] + options
            let ending = try await RunningProgram.run(
                Programs.debianClient,
                arguments + ["--download=\(folder.url.path)"] + server.hostAndPort + ["https://localhost/\(Self.path)"],
                seconds: 20
            )
            #expect(ending.status == 0, "\(ending.errors)")
            let file = try Data(contentsOf: folder.url.appending(path: Self.path))
            // Outside of the expectation, which would show the difference of two megabytes.
            let isIntact = file == Self.expected
            #expect(isIntact, "\(file.count) bytes")
            #expect(try await server.statistics().connections.created == 1)
        }
    }
}

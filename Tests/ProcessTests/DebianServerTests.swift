import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// Our load generator against Debian's `gtlsserver`, which shares its libraries with us but none of our code.
    @Suite struct DebianServerTests {
        @Test(arguments: [LoadMode.echo, .hold, .abandon, .close])
        func everyConnectionDoesAllItsModeAsksFor(_ mode: LoadMode) async throws {
            try await withDebianServer { target, _ in
                let run = try await LoadGenerator.run(
                    target,
                    "--alpn",
                    "h3",
                    "--mode",
                    mode.rawValue,
                    "--connections",
                    "50",
                    "--rate",
                    "100",
                    "--hold",
                    "200ms"
                )
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.outcomes.completed == 50)
                #expect(run.report.outcomes.established == 50)
                #expect(run.report.outcomes.echoed == (mode.sendsMessage ? 50 : 0))
            }
        }
    }
}

/// Starts Debian's server with a certificate and a file of 64 bytes, and ends it after `body`.
///
/// - Parameter more: More options of its own.
func withDebianServer(
    _ more: String...,
    body: (_ target: String, _ processID: pid_t) async throws -> Void
) async throws {
    let folder = try TemporaryFolder()
    let certificate = try await CertificateFiles(.ecdsa, in: folder)
    _ = try folder.write(String(repeating: "x", count: 64), to: "64")
    let port = try FreePort.udp()
    let options = more + ["-q", "--no-quic-dump", "--no-http-dump", "--htdocs=\(folder.url.path)"]
    let files = [certificate.privateKey, certificate.certificate]
    let server = try RunningProgram(
        Programs.debianServer,
        options + ["127.0.0.1", "\(port)"] + files,
        seconds: 60
    )
    try await FreePort.untilTaken(port, by: server)
    try await body("127.0.0.1:\(port)", try server.processID)
    server.send(SIGTERM)
    _ = try await server.ending()
}

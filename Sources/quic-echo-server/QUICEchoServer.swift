import ArgumentParser
import CommandLineValues
import EchoServerKit
import FaultInjection
import Logging
import QUICServer
import QUICTransport
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The `quic-echo-server` command.
@main
struct QUICEchoServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quic-echo-server",
        abstract: "Serves QUIC connections with bounded memory, and shows what they hold.",
        discussion: """
            Drains at SIGTERM or SIGINT, see --drain-timeout, and ends at once at a second one: with 0 when everything came back, and with 1 when something did not or a worker \
            failed. Exits with 64 when the options are wrong. docs/operating.md has the details.
            """,
        version: ([versions] + knownIssues.map { "known issue: \($0.line)" }).joined(separator: "\n")
    )

    private static let versions = """
        quic-echo-server \(ProjectVersion.text), \
        ngtcp2 \(LinkedLibraries.ngtcp2Version), GnuTLS \(LinkedLibraries.gnutlsVersion)\
        \(LinkedLibraries.opensslVersion.map { ", OpenSSL \($0)" } ?? "")
        """
    private static let knownIssues = KnownIssue.all(
        ngtcp2: LinkedLibraries.ngtcp2Version,
        gnutls: LinkedLibraries.gnutlsVersion
    )

    /// A server that did not get everything back.
    private struct NotReturned: Error, CustomStringConvertible {
        let description: String
    }

    @OptionGroup(title: "What the server does")
    var serverOptions: ServerOptions

    @OptionGroup(title: "Observing it")
    var observationOptions: ObservationOptions

    func validate() throws {
        if let refusal = FaultInjection.refusal { throw ValidationError(refusal) }
    }

    func run() async throws {
        // A reader of our output, or an admin client, that goes away is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "quic-echo-server")
        logger.logLevel = observationOptions.logLevel

        let server = try serverOptions.startServer()
        adviseAboutLibraries(server.configuration, logger)
        logger.info("\(server.memoryPlan.sentence)")
        let admin = try await startAdmin(of: server, logger: logger)
        try await serve(server, admin, logger: logger)
        try conclude(FinalStatement(try await server.waitUntilStopped()))
    }

    private func adviseAboutLibraries(_ configuration: ServerConfiguration, _ logger: Logger) {
        if !LinkedLibraries.followsClientsSafely {
            let migration = configuration.transport.allowsMigration ? "allowed" : "not allowed"
            let version = LinkedLibraries.ngtcp2Version
            logger.notice("migration is \(migration): ngtcp2 \(version) is not known to survive it")
        }
        guard !Self.knownIssues.isEmpty else { return }
        let references = Self.knownIssues.map(\.reference).joined(separator: ", ")
        logger.notice("\(Self.versions) have \(Self.knownIssues.count) known issues, see --version: \(references)")
    }

    private func startAdmin(of server: Server, logger: Logger) async throws -> AdminServer? {
        guard let address = observationOptions.admin else { return nil }
        do {
            return try await AdminServer(listeningOn: address, about: server, logger: logger)
        } catch {
            _ = try await server.shutDown()
            throw error
        }
    }

    private func serve(_ server: Server, _ admin: AdminServer?, logger: Logger) async throws {
        let service = EchoServerService(
            server: server,
            drainTimeout: serverOptions.drainLimit,
            adminAddress: admin?.address,
            logger: logger
        )
        // The last one is shut down first: the statistics stay readable until the server has closed its connections.
        let services: [any Service] = (admin.map { [$0] } ?? []) + [service]
        let group = ServiceGroup(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }

    private func conclude(_ statement: FinalStatement) throws {
        StandardOutput.write(line: statement.line)
        guard statement.hasReturned else {
            throw NotReturned(description: "not everything came back: \(statement.unreturned.joined(separator: ", "))")
        }
    }
}

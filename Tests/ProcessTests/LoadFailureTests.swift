import DatagramIO
import Datagrams
import EchoService
import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// What the load generator makes of targets at which no connection succeeds: an outcome each time, and afterwards it is
    /// where it was before.
    @Suite struct LoadFailureTests {
        /// At targets that answer with a packet at most.
        private static let manyAttempts = 10_000
        /// At servers that calculate for each. scripts/failing-targets makes ten thousand of them as well.
        private static let attempts =
            ProcessInfo.processInfo.environment["QUICHARNESS_ATTEMPTS"].flatMap { Int($0) } ?? 1_000

        @Test func aClosedPortRefuses() async throws {
            try await withClosedPort { try await expectMany(.refused, at: $0, within: "20s") }
        }

        @Test func silenceTimesOutAtTheDialDeadline() async throws {
            // Bound, so that nothing refuses, and never read.
            let silent = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
            let run = try await expectMany(.timedOut, at: "\(silent.boundAddress)")
            #expect(run.report.outcomes.answered ?? 0 == 0)
            // The last begins one interval of 0.4 ms before four seconds are over, and waits for two.
            #expect((5.999..<40).contains(run.report.elapsedSeconds))
            #expect(silent.boundAddress.port != 0)
        }

        @Test func garbageIsPassedOver() async throws {
            let target = try UDPResponder(FailingTargets.Garbage())
            let run = try await expectMany(.timedOut, at: target.address)
            // What has no connection ID of the client's leads nowhere.
            #expect((1...Self.manyAttempts).contains(run.report.outcomes.answered ?? 0))
        }

        @Test func aServerOfOtherVersionsIsGivenUpAtOnce() async throws {
            let target = try UDPResponder(FailingTargets.OtherVersions())
            let run = try await expectMany(.versionNegotiationFailed, at: target.address, within: "20s")
            #expect(run.report.outcomes.answered == Self.manyAttempts)
        }

        // RFC 9000 §17.2.5.2: a client MUST accept and process at most one Retry packet for each connection attempt.
        @Test func endlessRetriesTimeOut() async throws {
            let target = try UDPResponder(FailingTargets.EndlessRetry())
            let run = try await expect(.timedOut, at: target.address)
            #expect(run.report.outcomes.answered == Self.attempts)
        }

        // RFC 9000 §10.3.1: before a token is known no packet is a stateless reset.
        @Test func strayResetsDuringTheHandshakeArePassedOver() async throws {
            let target = try UDPResponder(FailingTargets.StrayResets())
            let run = try await expectMany(.timedOut, at: target.address)
            #expect(run.report.outcomes.answered ?? 0 == 0)
        }

        @Test func aServerThatStopsMidHandshakeTimesOut() async throws {
            let target = try UDPResponder(HalfHandshakeTarget())
            let run = try await expect(.timedOut, at: target.address, rate: "500")
            #expect(run.report.outcomes.answered == Self.attempts)
        }

        @Test func aServerThatForgetsItsConnectionsResetsThem() async throws {
            // A closed loop: when the target has all of them, none is in the middle of its handshake.
            let target = try UDPResponder(ForgetfulTarget(after: 500))
            let options = ["--mode", "hold", "--hold", "90s", "--keep-alive", "500ms", "--dial-timeout", "20s"]
            let run = try await expect(.reset, at: target.address, options + ["--concurrency", "500"])
            #expect(run.report.outcomes.established == Self.attempts)
        }

        @Test func aProtocolTheServerLacksEndsWithAlert120() async throws {
            try await withServer("--alpn", "hq-interop") { server in
                let options = ["--admin", server.admin, "--expect-return", "--dial-timeout", "20s"]
                let run = try await expect(.alert(120), at: server.address, rate: "500", options)
                #expect(run.report.server?.after?.closedByCause["tls_alert"] == Self.attempts)
                #expect(run.report.outcomes.answered == Self.attempts)
            }
        }

        @Test(arguments: [Trust.expired, .unknownAuthority, .otherName])
        func aCertificateThatDoesNotStandUpIsAnOutcomeOfItsOwn(_ trust: Trust) async throws {
            try await withTrustedServer(trust) { address, options in
                let run = try await expect(.certificateInvalid, at: address, rate: "500", options)
                #expect(run.report.outcomes.answered == Self.attempts)
                #expect(run.report.outcomes.established == 0)
            }
        }

        @Test func aCertificateThatStandsUpIsBelieved() async throws {
            try await withTrustedServer(.known) { address, options in
                let run = try await LoadGenerator.start(address, ["--connections", "20"] + options).ending()
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.outcomes.completed == 20)
            }
        }

        @Test func anIdleTimeoutOfTheServerEndsWhoeverHolds() async throws {
            try await withServer("--idle-timeout", "1s") { server in
                let options = ["--mode", "hold", "--hold", "30s", "--admin", server.admin, "--expect-return"]
                let run = try await expect(.idleTimedOut, at: server.address, rate: "500", options)
                #expect(run.report.outcomes.established == Self.attempts)
            }
        }

        /// The same at a target that answers with a packet at most: more attempts.
        @discardableResult
        private func expectMany(
            _ outcome: ConnectionOutcome,
            at target: String,
            within dialTimeout: String = "2s"
        ) async throws -> LoadGenerator.Run {
            let options = ["--dial-timeout", dialTimeout]
            return try await expect(outcome, at: target, attempts: Self.manyAttempts, rate: "2500", options)
        }

        /// Runs the load generator against a target at which every connection comes to the same `outcome`, and expects
        /// that it is left with nothing afterwards.
        @discardableResult
        private func expect(
            _ outcome: ConnectionOutcome,
            at target: String,
            attempts: Int = Self.attempts,
            rate: String = "1000",
            _ options: [String] = []
        ) async throws -> LoadGenerator.Run {
            let dialTimeout = options.contains("--dial-timeout") ? [] : ["--dial-timeout", "2s"]
            let pace = options.contains("--concurrency") ? [] : ["--rate", rate]
            let arguments = ["--connections", "\(attempts)"] + pace + dialTimeout + options
            let run = try await LoadGenerator.start(target, arguments).ending()
            #expect(run.status == 1)
            #expect(run.report.outcomes.count(of: outcome) == attempts, "\(run.errors)")
            #expect(run.report.outcomes.ended == attempts)
            let ownChecks = run.report.verdict.expectations.filter { $0.name.hasPrefix("generator_") }
            #expect(ownChecks.count == 6)
            for check in ownChecks { #expect(check.passed, "\(check.sentence)") }
            return run
        }

        /// Whether a client that was given an authority has reason to believe the server.
        enum Trust: String, CaseIterable {
            case known, expired, unknownAuthority, otherName
        }

        /// Starts a server with a certificate of its own, and calls `body` with its address and the client's options.
        private func withTrustedServer(_ trust: Trust, _ body: (String, [String]) async throws -> Void) async throws {
            let folder = try TemporaryFolder()
            let files = try await CertificateFiles(.ecdsa, isExpired: trust == .expired, in: folder)
            let other = try await CertificateFiles(.rsa, in: folder)
            let authority = trust == .unknownAuthority ? other.certificate : files.certificate
            let name = trust == .otherName ? "example.net" : "localhost"
            try await withServer("--certificate", files.certificate, "--private-key", files.privateKey) { server in
                try await body(
                    server.address,
                    ["--ca", authority, "--server-name", name, "--dial-timeout", "20s"]
                )
            }
        }
    }
}

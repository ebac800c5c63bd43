import LoadModel
import QUICTesting
import Testing

extension RealProcesses {
    /// aioquic, an implementation in Python, as a client of the echo service.
    @Suite struct AioquicTests {
        /// What Tests/Peers/echo_client.py prints.
        private struct Answer: Decodable {
            var echoed: [Bool] = []
            var codes: [Int] = []
            var ports: [Int] = []
            var resumed: [Bool] = []
            var version: Int?
            var allowed: Int?
            var followed: Bool?
            var errorCode: Int?

            private enum CodingKeys: String, CodingKey {
                case echoed, codes, ports, resumed, version, allowed, followed
                case errorCode = "error_code"
            }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: CodingKeys.self)
                echoed = try values.decodeIfPresent([Bool].self, forKey: .echoed) ?? []
                codes = try values.decodeIfPresent([Int].self, forKey: .codes) ?? []
                ports = try values.decodeIfPresent([Int].self, forKey: .ports) ?? []
                resumed = try values.decodeIfPresent([Bool].self, forKey: .resumed) ?? []
                version = try values.decodeIfPresent(Int.self, forKey: .version)
                allowed = try values.decodeIfPresent(Int.self, forKey: .allowed)
                followed = try values.decodeIfPresent(Bool.self, forKey: .followed)
                errorCode = try values.decodeIfPresent(Int.self, forKey: .errorCode)
            }
        }

        /// The part of `GET /stats` that says what was dropped.
        private struct Drops: Decodable {
            let drops: [String: Int]
        }

        /// The part of `GET /stats` about DATAGRAM frames.
        private struct Datagrams: Decodable {
            let datagramFrames: [String: Int]

            private enum CodingKeys: String, CodingKey {
                case datagramFrames = "datagram_frames"
            }
        }

        /// Has the conversation `subject` with `server`, with messages of `sizes` bytes.
        private func talk(
            to server: RunningServer,
            _ subject: String,
            _ sizes: [Int] = [],
            trusting authority: String? = nil,
            showing certificate: CertificateFiles? = nil
        ) async throws -> Answer {
            var options = authority.map { ["--authority", $0] } ?? []
            if let certificate {
                options += ["--certificate", certificate.certificate, "--private-key", certificate.privateKey]
            }
            let arguments = server.hostAndPort + [subject] + sizes.map(String.init) + options
            return try await Peers.run("echo_client.py", arguments, as: Answer.self)
        }

        @Test(arguments: [[64], [0, 1, 64, 1_000, 5_000, 10_000, 16_384, 16_385, 50_000, 100_000], [1_048_576]])
        func messagesComeBack(_ sizes: [Int]) async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "echo", sizes)
                #expect(answer.echoed == sizes.map { _ in true })
            }
        }

        @Test func moreStreamsThanMayBeOpenAtOnceTakeTurns() async throws {
            let sizes = Array(1...100)
            try await withServer { server in
                let answer = try await talk(to: server, "echo", sizes)
                #expect(answer.echoed == sizes.map { _ in true })
            }
        }

        @Test func messagesComeBackOverIPv6() async throws {
            try await withServer(listening: "[::1]:0") { server in
                let answer = try await talk(to: server, "echo", [64, 100_000])
                #expect(answer.echoed == [true, true])
            }
        }

        @Test func theClientsCloseIsCounted() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "close", [64])
                #expect(answer.echoed == [true])
                let snapshot = try await server.statistics(within: 5) { $0.connections.closed == 1 }
                #expect(snapshot.closedByCause["peer_close"] == 1)
            }
        }

        @Test func aClientWithoutACommonProtocolGetsAlert120() async throws {
            try await withServer { server in
                // RFC 9001 §4.8: alerts are 0x100 and their number.
                let answer = try await talk(to: server, "wrong_alpn")
                #expect(answer.errorCode == 0x100 + 120)
                let snapshot = try await server.statistics(within: 5) { $0.connections.closed == 1 }
                #expect(snapshot.closedByCause["tls_alert"] == 1)
            }
        }

        @Test(arguments: CertificateFiles.Kind.allCases)
        func theCertificateIsTheOneInTheFile(_ kind: CertificateFiles.Kind) async throws {
            let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
            let files = try await CertificateFiles(kind, in: folder)
            let stranger = try await CertificateFiles(kind, in: other)
            try await withServer("--certificate", files.certificate, "--private-key", files.privateKey) { server in
                let trusted = try await talk(to: server, "trust", [64], trusting: files.certificate)
                #expect(trusted.echoed == [true])
                let distrusted = try await talk(to: server, "trust", [64], trusting: stranger.certificate)
                #expect((0x100...0x1FF).contains(distrusted.errorCode ?? 0))
            }
        }

        // RFC 9001 §4.8: alerts are 0x100 and their number; certificate_required is 116, and bad_certificate is 42.
        @Test(arguments: CertificateFiles.Kind.allCases)
        func aClientHasToShowACertificateThatAnAuthorityVouchesFor(_ kind: CertificateFiles.Kind) async throws {
            let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
            let files = try await CertificateFiles(kind, in: folder)
            let stranger = try await CertificateFiles(kind, in: other)
            try await withServer("--client-authorities", files.certificate) { server in
                let known = try await talk(to: server, "identify", [64, 50_000], showing: files)
                #expect(known.echoed == [true, true])
                let anonymous = try await talk(to: server, "identify", [64])
                #expect(anonymous.errorCode == 0x100 + 116)
                // It has the authority's name, and not its signature.
                let impostor = try await talk(to: server, "identify", [64], showing: stranger)
                #expect(impostor.errorCode == 0x100 + 42)
                let snapshot = try await server.statistics(within: 5) { $0.connections.closed == 3 }
                #expect(snapshot.closedByCause["tls_alert"] == 2)
            }
        }

        @Test func theCertificateIsTheOneForTheNameThatTheClientAsksFor() async throws {
            let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
            // It asks for localhost: the first certificate is for another name.
            let subject = CertificateChain.Subject(name: "another.example")
            let chain = try CertificateChain(.p256, byteCount: 1_000, for: subject)
            let certificate = try folder.write(chain.certificates, to: "chain.pem")
            let privateKey = try folder.write(chain.privateKey, to: "key.pem")
            let second = try await CertificateFiles(.ecdsa, in: other)
            try await withServer(
                "--certificate",
                certificate,
                "--private-key",
                privateKey,
                "--certificate",
                second.certificate,
                "--private-key",
                second.privateKey
            ) { server in
                let answer = try await talk(to: server, "trust", [64], trusting: second.certificate)
                #expect(answer.echoed == [true])
            }
        }

        @Test func aRetryProvesTheClientsAddress() async throws {
            try await withServer("--retry", "always") { server in
                let answer = try await talk(to: server, "echo", [64])
                #expect(answer.echoed == [true])
                #expect(try await server.decodedStatistics(as: StatelessAnswers.self).retries == 1)
                #expect(try await server.statistics().connections.created == 1)
            }
        }

        @Test func aClientThatBeginsWithAnUnknownVersionIsToldWhichAreKnown() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "version", [64])
                #expect(answer.version == 1)
                #expect(answer.echoed == [true])
                #expect(try await server.decodedStatistics(as: StatelessAnswers.self).versionNegotiations == 1)
            }
        }

        @Test(arguments: ["auto", "always"])
        func aClientThatOffersVersion2IsMovedToIt(retry: String) async throws {
            try await withServer("--retry", retry) { server in
                let answer = try await talk(to: server, "compatible_version", [64, 50_000])
                #expect(answer.version == 0x6b33_43cf)
                #expect(answer.echoed == [true, true])
            }
        }

        @Test func aTicketResumesTheSession() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "resume", [64])
                #expect(answer.resumed == [false, true, false, true])
                #expect(answer.echoed == [true, true])
            }
        }

        /// The part of `GET /stats` about early data.
        private struct EarlyData: Decodable {
            let earlyData: [String: Int]

            private enum CodingKeys: String, CodingKey {
                case earlyData = "early_data"
            }
        }

        // RFC 9001 §4.6.1: the max_early_data_size of a ticket is 0xffffffff.
        @Test(arguments: [1, 2])
        func aClientThatComesBackMaySendBeforeItsHandshake(workers: Int) async throws {
            try await withServer("--early-data", "--workers", "\(workers)") { server in
                let answer = try await talk(to: server, "early_data", [64, 5_000, 30_000])
                #expect(answer.echoed == [true, true, true])
                #expect(answer.allowed == 0xffff_ffff && answer.resumed == [false, true] && answer.followed == true)
                let counts = try await server.decodedStatistics(as: EarlyData.self).earlyData
                #expect(counts["accepted"] == 1 && counts["rejected"] == 0 && counts["store_entries"] == 1)
            }
        }

        @Test func withoutTheOptionThereIsNoEarlyData() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "early_data", [64])
                #expect(answer.echoed == [true] && answer.allowed == 0 && answer.followed == false)
                #expect(answer.resumed == [false, true])
                #expect(try await server.decodedStatistics(as: EarlyData.self).earlyData["offered"] == 0)
            }
        }

        @Test func datagramsComeBackWhereTheServerTakesThem() async throws {
            let sizes = [0, 1, 63, 64, 1_000, 1_100]
            try await withServer("--datagrams") { server in
                let answer = try await talk(to: server, "datagrams", sizes)
                #expect(answer.echoed == (sizes + sizes).map { _ in true })
                let counts = try await server.decodedStatistics(as: Datagrams.self).datagramFrames
                #expect(counts["received", default: 0] >= sizes.count && counts["sent", default: 0] >= sizes.count)
            }
        }

        @Test func aDatagramThatNobodyWantsIsAViolation() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "unwanted_datagram")
                // RFC 9000 §20.1: PROTOCOL_VIOLATION.
                #expect(answer.errorCode == 0x0a)
                #expect(try await server.statistics().closedByCause["transport_error"] == 1)
            }
        }

        @Test func theClientMayUpdateItsKeys() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "key_update", [64, 50_000])
                #expect(answer.echoed == Array(repeating: true, count: 6))
            }
        }

        @Test(arguments: ["reset", "stop"])
        func streamsGivenUpAreAnsweredAndTheConnectionLivesOn(_ subject: String) async throws {
            try await withServer { server in
                let answer = try await talk(to: server, subject, [64, 50_000])
                #expect(answer.codes == Array(repeating: 7, count: 40))
                #expect(answer.echoed == [true, true])
            }
        }

        @Test func aUnidirectionalStreamIsAgainstTheLimit() async throws {
            try await withServer("--alpn", "echo") { server in
                let answer = try await talk(to: server, "unidirectional")
                #expect(answer.allowed == 0)
                // RFC 9000 §20.1: STREAM_LIMIT_ERROR.
                #expect(answer.errorCode == 0x04)
                #expect(try await server.statistics().closedByCause["transport_error"] == 1)
            }
        }

        // RFC 9000 §18.2: max_idle_timeout is an integer of milliseconds of any size.
        @Test func aClientWithAnEndlessIdleTimeoutIsServed() async throws {
            try await withServer { server in
                let answer = try await talk(to: server, "endless_idle_timeout", [64, 50_000])
                #expect(answer.echoed == [true, true, true, true])
                #expect(try await server.statistics().connections.created == 1)
            }
        }

        @Test(arguments: ["rebind_in_vain", "migrate_in_vain"])
        func aClientThatMovesIsIgnoredUntilItIsBack(_ subject: String) async throws {
            try await withServer("--no-allow-migration") { server in
                let answer = try await talk(to: server, subject, [64, 50_000])
                #expect(Set(answer.ports).count == 2)
                // RFC 9000 §9: the server announces disable_active_migration and drops what comes from elsewhere.
                #expect(answer.followed == false)
                #expect(try await server.decodedStatistics(as: Drops.self).drops["other_path"] ?? 0 > 0)
                #expect(answer.echoed == [true, true, true, true])
                #expect(try await server.statistics().connections.created == 1)
            }
        }

        @Test(arguments: ["rebind", "migrate"])
        func aClientThatMovesIsFollowed(_ subject: String) async throws {
            try await withServer { server in
                let answer = try await talk(to: server, subject, [64, 50_000])
                #expect(Set(answer.ports).count == 2)
                #expect(answer.followed == true)
                // A change to another connection ID has to wait until the one before is over.
                let dropped = try await server.decodedStatistics(as: Drops.self).drops["other_path"]
                #expect(subject == "migrate" || dropped == 0)
                #expect(answer.echoed == [true, true, true, true])
                #expect(try await server.statistics().connections.created == 1)
            }
        }
    }
}

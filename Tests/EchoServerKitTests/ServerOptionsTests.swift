import ArgumentParser
import Datagrams
import QUICEndpoint
import QUICServer
import QUICTransport
import Testing

@testable import EchoServerKit

@Suite struct ServerOptionsTests {
    @Test func theDefaultsAreThoseOfTheLibrary() throws {
        let configuration = try configuration()
        #expect(configuration.listenAddress.description == "127.0.0.1:4433")
        #expect(configuration.certificate == .selfSigned)
        #expect(configuration.transport.idleTimeout == .seconds(30))
        #expect(configuration.transport.handshakeTimeout == .seconds(10))
        #expect(configuration.transport.noProgressTimeout == .seconds(60))
        #expect(configuration.transport.minimumProgressBytes == 256)
        #expect(configuration.transport.uselessPacketsPerSecond == 50_000)
        #expect(configuration.transport.uselessPacketsPerSecondWhenBusy == 10_000)
        #expect(configuration.transport.peerUnidirectionalStreams == 0)
        #expect(configuration.transport.datagramFrameBytesLimit == 0)
        #expect(configuration.admission.retryPolicy == .auto)
        #expect(configuration.admission.connectionsPerSource == nil)
        #expect(configuration.admission.handshakesPerSource == nil)
        #expect(configuration.admission.blocksPorts)
        #expect(!configuration.pinsWorkers)
        #expect(configuration.eventLogCapacity == 256)
        // Whatever an option does not set, and each secret is another. A program of its own has all processors.
        var (library, made) = (ServerConfiguration(), configuration)
        library.workerCount = made.workerCount
        (library.resetSecret, library.tokenKeys.secret) = (made.resetSecret, made.tokenKeys.secret)
        made.tokenKeys.clockOffset = library.tokenKeys.clockOffset
        #expect("\(made)" == "\(library)")
    }

    @Test(arguments: [
        ("", 1, 1), ("", 24, 24), ("--workers 3 --connections 10", 24, 3),
        // At least 256 connections for each.
        ("--connections 1", 24, 1), ("--connections 1000", 24, 3), ("--connections 100000", 24, 24),
        // 27,852 connections have their floors in a GiB; a worker needs room for the first windows of one.
        ("--memory-limit 64MiB", 24, 6), ("--memory-limit 2MiB", 24, 1),
    ])
    func thereIsAWorkerForEachProcessorThatHasEnoughToDo(line: String, processors: Int, workers: Int) throws {
        let memory = line.contains("memory") ? "" : " --memory-limit 8GiB"
        let configuration = try options(line + memory).configuration(processors: processors)
        #expect(configuration.workerCount == workers)
        _ = try MemoryPlan(configuration)
    }

    @Test func everyOptionReachesTheServer() throws {
        let configuration = try configuration(
            """
            --listen [::1]:0 --certificate chain.pem --private-key key.pem --workers 3 --event-log 7
            --idle-timeout 1s --handshake-timeout 2s --no-progress-timeout 4s --minimum-progress 5 --connection-lifetime 6s
            --retry always --useless-packets 200 --useless-packets-when-busy 0 --allow-blocked-ports
            --connections-per-source 8 --handshakes-per-source 9 --connections 100 --token-key-lifetime 1h
            --handshake-memory-limit 60000 --connection-memory-limit 4MiB --memory-limit 1GiB --retained-limit 70000
            --stream-window 10000..20000 --connection-window 30000..40000 --strict-memory --congestion-control bbr
            --datagrams --early-data --no-allow-migration --pin-workers
            """
        )
        #expect(configuration.listenAddress.description == "[::1]:0")
        #expect(configuration.certificate == .files(certificate: "chain.pem", privateKey: "key.pem"))
        #expect(configuration.transport.idleTimeout == .seconds(1))
        #expect(configuration.transport.handshakeTimeout == .seconds(2))
        #expect(configuration.transport.noProgressTimeout == .seconds(4))
        #expect(configuration.transport.minimumProgressBytes == 5)
        #expect(configuration.admission.retryPolicy == .always)
        #expect(configuration.transport.uselessPacketsPerSecond == 200)
        #expect(configuration.transport.uselessPacketsPerSecondWhenBusy == nil)
        #expect(configuration.admission.connectionsPerSource == 8)
        #expect(configuration.admission.handshakesPerSource == 9)
        #expect(!configuration.admission.blocksPorts)
        #expect(configuration.workerCount == 3)
        #expect(configuration.pinsWorkers)
        #expect(configuration.eventLogCapacity == 7)
        #expect(configuration.transport.handshakeBytesLimit == 60_000)
        #expect(configuration.transport.connectionBytesLimit == 4 << 20)
        #expect(configuration.transport.streamWindow.description == "10000..20000")
        #expect(configuration.transport.connectionWindow.description == "30000..40000")
        #expect(configuration.transport.keepsWindowsWorth)
        #expect(configuration.transport.congestionControl == .bbr)
        #expect(configuration.memoryBytesLimit == 1 << 30)
        #expect(configuration.connectionLimit == 100)
        #expect(configuration.transport.lifetime == .seconds(6))
        #expect(configuration.transport.retainedBytesLimit == 70_000)
        #expect(!configuration.transport.allowsMigration)
        #expect(configuration.transport.datagramFrameBytesLimit == 65_535)
        #expect(configuration.earlyData != nil)
        #expect(configuration.tokenKeys.lifetime == .seconds(3_600))
        #expect(try self.configuration("--allow-migration").transport.allowsMigration)
    }

    @Test func clientsOfHTTP3MayOpenTheirUnidirectionalStreams() throws {
        #expect(try configuration("--alpn hq-interop,h3").transport.peerUnidirectionalStreams == 3)
    }

    @Test func severalCertificatesHaveAKeyEach() throws {
        let files =
            "--certificate a.pem --certificate b.pem --certificate c.pem --private-key 1.pem --private-key 2.pem"
        let configuration = try configuration(files + " --private-key 3.pem")
        #expect(configuration.certificate == .files(certificate: "a.pem", privateKey: "1.pem"))
        #expect(
            configuration.additionalCertificates == [
                .files(certificate: "b.pem", privateKey: "2.pem"), .files(certificate: "c.pem", privateKey: "3.pem"),
            ]
        )
        #expect(
            refusal(files.split(separator: " ").map(String.init))
                == "--certificate is given 3 times and --private-key 2 times: give one --private-key for each --certificate, "
                + "in the same order"
        )
    }

    @Test func clientsNeedCertificatesWhereThereAreAuthorities() throws {
        #expect(try configuration().clientAuthentication == .none)
        let configuration = try configuration("--client-authorities authorities.pem")
        #expect(configuration.clientAuthentication == .required(authorities: "authorities.pem"))
    }

    @Test func aCertificateNeedsItsKeyAndAKeyItsCertificate() {
        let rest = "give both, or neither for a self-signed certificate"
        #expect(refusal(["--certificate", "chain.pem"]) == "--certificate chain.pem needs --private-key: \(rest)")
        #expect(refusal(["--private-key", "key.pem"]) == "--private-key key.pem needs --certificate: \(rest)")
    }

    @Test(
        arguments: [
            ("workers", "0", "1 to 256"), ("workers", "257", "1 to 256"),
            ("event-log", "65537", "0 to 65536"),
            ("connections-per-source", "0", "1 to 1000000"), ("connections-per-source", "1000001", "1 to 1000000"),
            ("handshakes-per-source", "0", "1 to 1000000"), ("handshakes-per-source", "1000001", "1 to 1000000"),
            ("useless-packets", "99", "100 to 10000000"), ("useless-packets", "10000001", "100 to 10000000"),
            ("useless-packets-when-busy", "99", "100 to 10000000"),
            ("useless-packets-when-busy", "1", "100 to 10000000"),
            ("idle-timeout", "9ms", "10ms to 24h"), ("idle-timeout", "0s", "10ms to 24h"),
            ("handshake-timeout", "9ms", "10ms to 24h"), ("handshake-timeout", "86401s", "10ms to 24h"),
            ("no-progress-timeout", "9ms", "10ms to 24h"), ("no-progress-timeout", "86401s", "10ms to 24h"),
            ("connection-lifetime", "9ms", "10ms to 24h"), ("connection-lifetime", "86401s", "10ms to 24h"),
            ("minimum-progress", "0", "1 to 1MiB"), ("minimum-progress", "1048577", "1 to 1MiB"),
            ("token-key-lifetime", "59s", "1m to 720h"), ("token-key-lifetime", "2592001s", "1m to 720h"),
            ("stream-window", "2047..4096", "2KiB to 1GiB"), ("connection-window", "4096..1073741825", "2KiB to 1GiB"),
        ]
    )
    func aValueOutOfRangeIsRefused(option: String, value: String, accepted: String) {
        #expect(refusal(["--\(option)", value]) == "--\(option) \(value) is not accepted: use \(accepted)")
    }

    @Test func valuesThatContradictEachOtherAreRefusedWithTheArithmetic() {
        let sentence = refusal(["--memory-limit", "100KiB"])
        #expect(sentence?.contains("a memory limit of 102400 bytes has no room for one connection") == true)
    }

    private func options(_ line: String) throws -> ServerOptions {
        try ServerOptions.parse(line.split { " \n".contains($0) }.map(String.init))
    }

    private func configuration(_ line: String = "") throws -> ServerConfiguration {
        try options(line).configuration()
    }

    /// The sentence that the program ends with; nil where it starts.
    private func refusal(_ arguments: [String]) -> String? {
        do {
            _ = try ServerOptions.parse(arguments)
            return nil
        } catch {
            #expect(ServerOptions.exitCode(for: error) == .validationFailure)
            return ServerOptions.message(for: error)
        }
    }
}

import Datagrams
import EchoServerKit
import QUICEndpoint
import QUICServer
import QUICTransport
import Testing

@Suite struct ServerSettingsTests {
    @Test func theDefaultsAreThoseOfTheLibrary() throws {
        let configuration = try ServerSettings().configuration()
        #expect(configuration.listenAddress.description == "127.0.0.1:4433")
        #expect(configuration.certificate == .selfSigned)
        #expect(configuration.transport.idleTimeout == .seconds(30))
        #expect(configuration.transport.handshakeTimeout == .seconds(10))
        #expect(configuration.transport.noProgressTimeout == .seconds(60))
        #expect(configuration.transport.minimumProgressBytes == 256)
        #expect(configuration.transport.peerUnidirectionalStreams == 0)
        #expect(configuration.transport.datagramFrameBytesLimit == 0)
        #expect(configuration.admission.retryPolicy == .auto)
        #expect(configuration.admission.connectionsPerSource == nil)
        #expect(configuration.admission.handshakesPerSource == nil)
        #expect(configuration.admission.blocksPorts)
        #expect(configuration.workerCount == 1)
        #expect(configuration.eventLogCapacity == 256)
    }

    @Test func everySettingReachesTheServer() throws {
        var settings = ServerSettings()
        settings.listenAddress = try AddressText.parse("[::1]:0")
        settings.certificates = ["chain.pem"]
        settings.privateKeys = ["key.pem"]
        settings.idleTimeout = .seconds(1)
        settings.handshakeTimeout = .seconds(2)
        settings.noProgressTimeout = .seconds(4)
        settings.minimumProgressBytes = 5
        settings.retryPolicy = .always
        settings.uselessPackets = 200
        settings.uselessPacketsWhenBusy = nil
        settings.connectionsPerSource = 8
        settings.handshakesPerSource = 9
        settings.blocksPorts = false
        settings.workerCount = 3
        settings.eventLogCapacity = 7
        settings.handshakeMemoryLimitBytes = 60_000
        settings.connectionMemoryLimitBytes = 4 << 20
        settings.streamWindow = WindowRange(initialBytes: 10_000, maximumBytes: 20_000)
        settings.connectionWindow = WindowRange(initialBytes: 30_000, maximumBytes: 40_000)
        settings.isStrict = true
        settings.congestionControl = .bbr
        settings.memoryLimitBytes = 1 << 30
        settings.connectionLimit = 100
        settings.connectionLifetime = .seconds(6)
        settings.retainedLimitBytes = 70_000
        settings.allowsMigration.toggle()
        settings.acceptsDatagrams = true
        settings.tokenKeyLifetime = .seconds(3_600)
        let configuration = try settings.configuration()
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
        #expect(configuration.transport.allowsMigration != TransportConfiguration().allowsMigration)
        #expect(configuration.transport.datagramFrameBytesLimit == 65_535)
        #expect(configuration.tokenKeys.lifetime == .seconds(3_600))
    }

    @Test func clientsOfHTTP3MayOpenTheirUnidirectionalStreams() throws {
        var settings = ServerSettings()
        settings.services = try ServiceList("hq-interop,h3")
        #expect(try settings.configuration().transport.peerUnidirectionalStreams == 3)
    }

    @Test func severalCertificatesHaveAKeyEach() throws {
        var settings = ServerSettings()
        settings.certificates = ["a.pem", "b.pem", "c.pem"]
        settings.privateKeys = ["1.pem", "2.pem", "3.pem"]
        let configuration = try settings.configuration()
        #expect(configuration.certificate == .files(certificate: "a.pem", privateKey: "1.pem"))
        #expect(
            configuration.additionalCertificates == [
                .files(certificate: "b.pem", privateKey: "2.pem"), .files(certificate: "c.pem", privateKey: "3.pem"),
            ]
        )
        settings.privateKeys.removeLast()
        #expect(
            refusal(of: settings)
                == "--certificate is given 3 times and --private-key 2 times: give one --private-key for each --certificate, "
                + "in the same order"
        )
    }

    @Test func clientsNeedCertificatesWhereThereAreAuthorities() throws {
        var settings = ServerSettings()
        #expect(try settings.configuration().clientAuthentication == .none)
        settings.clientAuthorities = "authorities.pem"
        #expect(try settings.configuration().clientAuthentication == .required(authorities: "authorities.pem"))
    }

    @Test func aCertificateNeedsItsKeyAndAKeyItsCertificate() {
        var settings = ServerSettings()
        settings.certificates = ["chain.pem"]
        #expect(
            refusal(of: settings)
                == "--certificate chain.pem needs --private-key: give both, or neither for a self-signed certificate"
        )
        settings.certificates = []
        settings.privateKeys = ["key.pem"]
        #expect(
            refusal(of: settings)
                == "--private-key key.pem needs --certificate: give both, or neither for a self-signed certificate"
        )
    }

    @Test(arguments: [0, -1, 257])
    func aNumberOfWorkersOutOfRangeIsRefused(count: Int) {
        var settings = ServerSettings()
        settings.workerCount = count
        #expect(refusal(of: settings) == "--workers \(count) is not accepted: use 1 to 256")
    }

    @Test(arguments: [0, -1, 1_000_001])
    func aLimitForEachSourceOutOfRangeIsRefused(count: Int) {
        var settings = ServerSettings()
        settings.connectionsPerSource = count
        #expect(refusal(of: settings) == "--connections-per-source \(count) is not accepted: use 1 to 1000000")
        settings.connectionsPerSource = nil
        settings.handshakesPerSource = count
        #expect(refusal(of: settings) == "--handshakes-per-source \(count) is not accepted: use 1 to 1000000")
    }

    @Test(arguments: [0, 99, 10_000_001])
    func aNumberOfUselessPacketsOutOfRangeIsRefused(count: Int) {
        var settings = ServerSettings()
        settings.uselessPackets = count
        #expect(refusal(of: settings) == "--useless-packets \(count) is not accepted: use 100 to 10000000")
        settings.uselessPackets = nil
        settings.uselessPacketsWhenBusy = count
        #expect(refusal(of: settings) == "--useless-packets-when-busy \(count) is not accepted: use 100 to 10000000")
    }

    @Test(arguments: [-1, 65_537])
    func anEventLogOutOfRangeIsRefused(count: Int) {
        var settings = ServerSettings()
        settings.eventLogCapacity = count
        #expect(refusal(of: settings) == "--event-log \(count) is not accepted: use 0 to 65536")
    }

    @Test(arguments: [(Duration.zero, "0s"), (.milliseconds(9), "9ms"), (.seconds(86_401), "86401s")])
    func aTimeoutOutOfRangeIsRefused(timeout: Duration, text: String) {
        var settings = ServerSettings()
        settings.idleTimeout = timeout
        #expect(refusal(of: settings) == "--idle-timeout \(text) is not accepted: use 10ms to 24h")
        settings.idleTimeout = .seconds(1)
        settings.handshakeTimeout = timeout
        #expect(refusal(of: settings) == "--handshake-timeout \(text) is not accepted: use 10ms to 24h")
        settings.handshakeTimeout = .seconds(1)
        settings.noProgressTimeout = timeout
        #expect(refusal(of: settings) == "--no-progress-timeout \(text) is not accepted: use 10ms to 24h")
    }

    @Test(arguments: [(0, "0"), (1_048_577, "1048577")])
    func aMinimumOfProgressOutOfRangeIsRefused(bytes: Int, text: String) {
        var settings = ServerSettings()
        settings.minimumProgressBytes = bytes
        #expect(refusal(of: settings) == "--minimum-progress \(text) is not accepted: use 1 to 1MiB")
    }

    private func refusal(of settings: ServerSettings) -> String? {
        #expect(throws: SettingsError.self) { try settings.configuration() }?.description
    }
}

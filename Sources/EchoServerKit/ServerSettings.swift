package import Datagrams
package import QUICEndpoint
package import QUICServer
internal import QUICTransport
internal import TextValues

/// What the server's command line says, before it is known to make sense.
package struct ServerSettings: Sendable {
    /// Where to listen.
    package var listenAddress = ServerConfiguration().listenAddress
    /// The services to offer.
    package var services = ServiceList([.echo, .hqInterop])
    /// The PEM file with the certificate chain.
    package var certificate: String?
    /// The PEM file with its private key.
    package var privateKey: String?
    /// How long a silent connection lives.
    package var idleTimeout = TransportConfiguration().idleTimeout
    /// How long a handshake may take.
    package var handshakeTimeout = TransportConfiguration().handshakeTimeout
    /// When clients have to prove their addresses.
    package var retryPolicy = AdmissionLimits().retryPolicy
    /// Threads.
    package var workerCount = ServerConfiguration().workerCount

    /// The timeouts accepted: long enough for a round trip, and never none.
    package static let timeoutAccepted = Duration.milliseconds(10)...Duration.seconds(86_400)

    /// The defaults.
    package init() {}

    /// The server's configuration that these settings ask for.
    ///
    /// - Throws: ``SettingsError`` when a value is out of range, or a certificate and its key are not both there.
    package func configuration() throws(SettingsError) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress = listenAddress
        configuration.certificate = try certificateSource()
        configuration.transport.idleTimeout = try Self.checked(idleTimeout, option: "idle-timeout")
        configuration.transport.handshakeTimeout = try Self.checked(handshakeTimeout, option: "handshake-timeout")
        configuration.transport.peerUnidirectionalStreams = services.clientUnidirectionalStreams
        configuration.admission.retryPolicy = retryPolicy
        let limit = ServerConfiguration.workerCountLimit
        guard (1...limit).contains(workerCount) else {
            throw SettingsError(option: "workers", value: "\(workerCount)", accepted: "1 to \(limit)")
        }
        configuration.workerCount = workerCount
        return configuration
    }

    private func certificateSource() throws(SettingsError) -> CertificateSource {
        switch (certificate, privateKey) {
        case (nil, nil):
            return .selfSigned
        case (let certificate?, let privateKey?):
            return .files(certificate: certificate, privateKey: privateKey)
        case (let certificate?, nil):
            throw SettingsError(option: "certificate", value: certificate, needs: "private-key")
        case (nil, let privateKey?):
            throw SettingsError(option: "private-key", value: privateKey, needs: "certificate")
        }
    }

    private static func checked(_ timeout: Duration, option: String) throws(SettingsError) -> Duration {
        guard timeoutAccepted.contains(timeout) else {
            let (least, most) = (timeoutAccepted.lowerBound, timeoutAccepted.upperBound)
            throw SettingsError(
                option: option,
                value: DurationText.format(timeout),
                accepted: "\(DurationText.format(least)) to \(DurationText.format(most))"
            )
        }
        return timeout
    }
}

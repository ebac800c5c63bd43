/// Where a server's certificate comes from.
public enum CertificateSource: Sendable, Hashable {
    /// A P-256 certificate for `localhost`, made when the server starts and kept in memory only.
    case selfSigned
    /// A PEM file with the certificate chain, and one with its private key.
    case files(certificate: String, privateKey: String)
}

/// Where a certificate comes from, a server's or a client's.
public enum CertificateSource: Sendable, Hashable {
    /// A P-256 certificate for `localhost`, made on the spot and kept in memory only.
    case selfSigned
    /// A PEM file with the certificate chain, and one with its private key.
    case files(certificate: String, privateKey: String)
}

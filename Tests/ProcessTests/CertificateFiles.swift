/// A key and a certificate for localhost in PEM files, made by Tests/Peers/certificate.py.
struct CertificateFiles {
    /// What kind of key it is.
    enum Kind: String, CaseIterable {
        case ecdsa, rsa
    }

    let privateKey: String
    let certificate: String

    init(_ kind: Kind, isExpired: Bool = false, in folder: TemporaryFolder) async throws {
        privateKey = folder.path("\(kind)-key.pem")
        certificate = folder.path("\(kind)-certificate.pem")
        let options = isExpired ? ["--expired"] : []
        let ending = try await Peers.start("certificate.py", options + [kind.rawValue, privateKey, certificate])
            .ending()
        guard ending.status == 0 else { throw RunningProgram.Failure(description: ending.errors) }
    }
}

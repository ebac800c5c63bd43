import Foundation
import QUICTesting
import QUICTransport

/// A certificate chain in PEM files, with its key and the authority that vouches for it; removed at its end.
final class CertificateFolder: Sendable {
    let chain: CertificateChain
    let source: CertificateSource
    let authority: String
    private let folder: URL

    init(_ chain: CertificateChain) throws {
        self.chain = chain
        folder = FileManager.default.temporaryDirectory.appending(path: "quicharness-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let write = { [folder] (text: String, name: String) in
            let file = folder.appending(path: name)
            try Data(text.utf8).write(to: file)
            return file.path
        }
        source = .files(
            certificate: try write(chain.certificates, "chain.pem"),
            privateKey: try write(chain.privateKey, "key.pem")
        )
        authority = try write(chain.authority, "authority.pem")
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// A chain for `subject`, of 2 KB unless it says otherwise.
    convenience init(
        for subject: CertificateChain.Subject = CertificateChain.Subject(),
        _ key: CertificateChain.Key = .p256,
        byteCount: Int = 2_000,
        certificateCount: Int? = nil,
        authorityName: String = "Authority"
    ) throws {
        try self.init(
            CertificateChain(
                key,
                byteCount: byteCount,
                certificateCount: certificateCount,
                for: subject,
                authorityName: authorityName
            )
        )
    }
}

/// The first certificate of a PEM text, in DER. RFC 7468 §2.
func firstCertificate(_ pem: String) -> [UInt8]? {
    let lines = pem.split(separator: "\n").dropFirst().prefix { !$0.hasPrefix("-----END") }
    return Data(base64Encoded: lines.joined()).map { Array($0) }
}

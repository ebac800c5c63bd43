package import QUICTransport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A certificate chain in PEM files, with its key and the authority that vouches for it; removed at its end.
package final class CertificateFolder: Sendable {
    package let chain: CertificateChain
    /// The files of the chain, of its key, and of its authority.
    package let certificate: String
    package let privateKey: String
    package let authority: String
    private let folder: String

    /// The chain and its key as a server or a client has them.
    package var source: CertificateSource { .files(certificate: certificate, privateKey: privateKey) }

    package init(_ chain: CertificateChain) throws {
        self.chain = chain
        folder = try Self.makeFolder()
        certificate = try Self.write(chain.certificates, to: "\(folder)/chain.pem")
        privateKey = try Self.write(chain.privateKey, to: "\(folder)/key.pem")
        authority = try Self.write(chain.authority, to: "\(folder)/authority.pem")
    }

    /// A chain for `subject`, of 2 KB unless it says otherwise.
    package convenience init(
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

    deinit {
        for file in [certificate, privateKey, authority] { unsafe unlink(file) }
        unsafe rmdir(folder)
    }

    private struct Failure: Error {
        let path: String
        let code: Int32
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/quicharness-XXXXXX".utf8CString)
        guard let path = unsafe mkdtemp(&template) else { throw Failure(path: "a folder", code: errno) }
        return unsafe String(cString: path)
    }

    private static func write(_ text: String, to path: String) throws -> String {
        guard let file = unsafe fopen(path, "w") else { throw Failure(path: path, code: errno) }
        let isWritten = unsafe fputs(text, file) >= 0
        guard unsafe fclose(file) == 0, isWritten else { throw Failure(path: path, code: errno) }
        return path
    }
}

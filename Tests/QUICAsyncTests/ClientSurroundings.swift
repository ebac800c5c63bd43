import DatagramIO
import Datagrams
import Foundation
import QUICTesting
import QUICTransport

/// An address at which datagrams arrive and nobody answers.
final class SilentPort: Sendable {
    let address: SocketAddress
    private let socket: UDPSocket

    init() throws {
        let socket = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        address = socket.boundAddress
        self.socket = socket
    }
}

/// The files of a server's certificate for `localhost`, of the authority that vouches for it, and of its key.
final class CertificateFolder: Sendable {
    let certificate: String
    let authority: String
    let privateKey: String
    private let folder: URL

    init() throws {
        let chain = try CertificateChain(.p256, byteCount: 6_000)
        folder = FileManager.default.temporaryDirectory.appending(path: "quicharness-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        (certificate, authority, privateKey) = (
            folder.appending(path: "chain.pem").path, folder.appending(path: "authority.pem").path,
            folder.appending(path: "key.pem").path
        )
        try Data(chain.certificates.utf8).write(to: URL(filePath: certificate))
        try Data(chain.authority.utf8).write(to: URL(filePath: authority))
        try Data(chain.privateKey.utf8).write(to: URL(filePath: privateKey))
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }
}

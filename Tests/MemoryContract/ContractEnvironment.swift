internal import CShims
internal import QUICTransport

#if canImport(Glibc)
import Glibc
#endif

/// What figures were measured with: with anything else they may be others.
package struct ContractEnvironment: Hashable, Sendable, Codable {
    /// The version of ngtcp2.
    package var ngtcp2: String
    /// The version of GnuTLS.
    package var gnutls: String
    /// The C library, whose allocator rounds every block.
    package var libc: String
    /// What that allocator sets aside for one byte: less under the sanitizers, which have an allocator of their own.
    package var smallestBlockBytes: Int
    /// The processor.
    package var architecture: String
    /// The server's certificate, which it sends in the handshake.
    package var certificate: String

    private enum CodingKeys: String, CodingKey {
        case ngtcp2
        case gnutls
        case libc
        case smallestBlockBytes = "smallest_block_bytes"
        case architecture
        case certificate
    }

    /// What this process would measure with.
    package static var current: ContractEnvironment {
        ContractEnvironment(
            ngtcp2: LinkedLibraries.ngtcp2Version,
            gnutls: LinkedLibraries.gnutlsVersion,
            libc: libcName,
            smallestBlockBytes: measureSmallestBlock(),
            architecture: architectureName,
            certificate: "self-signed, P-256"
        )
    }

    /// For a sentence: `ngtcp2 1.11.0, GnuTLS 3.7.9, glibc 2.36 on x86_64`.
    package var text: String { "ngtcp2 \(ngtcp2), GnuTLS \(gnutls), \(libc) on \(architecture)" }

    /// What is different here from `other`: `ngtcp2 1.11.0, smallest block 24`.
    func differences(from other: ContractEnvironment) -> String {
        zip(named, other.named).filter { $0.0 != $0.1 }.map { "\($0.0.name) \($0.0.value)" }.joined(separator: ", ")
    }

    private var named: [(name: String, value: String)] {
        [
            ("ngtcp2", ngtcp2), ("GnuTLS", gnutls), ("C library", libc), ("smallest block", "\(smallestBlockBytes)"),
            ("architecture", architecture), ("certificate", certificate),
        ]
    }

    private static var libcName: String {
        #if canImport(Glibc)
        // "glibc 2.36", with the NUL that ends it.
        let name = unsafe [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            let bytes = unsafe UnsafeMutableRawBufferPointer(buffer).bindMemory(to: CChar.self)
            count = unsafe min(confstr(Int32(_CS_GNU_LIBC_VERSION), bytes.baseAddress, bytes.count), bytes.count)
        }
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        #else
        return "another"
        #endif
    }

    private static var architectureName: String {
        #if arch(x86_64)
        "x86_64"
        #elseif arch(arm64)
        "arm64"
        #else
        "another"
        #endif
    }

    private static func measureSmallestBlock() -> Int {
        let block = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
        defer { unsafe block.deallocate() }
        return unsafe Int(qh_block_bytes(block))
    }
}

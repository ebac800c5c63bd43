import Foundation

/// The first certificate of a PEM text, in DER. RFC 7468 §2.
func firstCertificate(_ pem: String) -> [UInt8]? {
    let lines = pem.split(separator: "\n").dropFirst().prefix { !$0.hasPrefix("-----END") }
    return Data(base64Encoded: lines.joined()).map { Array($0) }
}

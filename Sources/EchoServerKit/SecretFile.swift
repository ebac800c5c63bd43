internal import QUICServer
package import QUICTransport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file with the secrets of a server, by which the next process on the same address is known to its clients.
///
/// It has three lines: a first one that says what it is, then `reset` and `token`, each with 64 hexadecimal digits.
package struct SecretFile: Hashable, Sendable {
    /// What stateless reset tokens are derived from.
    package let resetSecret: EndpointSecret
    /// What the keys of address validation tokens are derived from.
    package let tokenSecret: EndpointSecret

    /// Why a file is not used.
    package struct Refusal: Error, Hashable, CustomStringConvertible {
        /// A sentence that names the file, and says what is accepted.
        package let description: String
    }

    private static let title = "quic-echo-server secrets 1"
    /// More than any such file has.
    private static let bytesLimit = 1_024

    private init(resetSecret: EndpointSecret, tokenSecret: EndpointSecret) {
        self.resetSecret = resetSecret
        self.tokenSecret = tokenSecret
    }

    /// What `text` says; nil when it is not what such a file says.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0] == Self.title, lines[3].isEmpty,
            let resetSecret = Self.secret(in: lines[1], named: "reset"),
            let tokenSecret = Self.secret(in: lines[2], named: "token")
        else { return nil }
        self.init(resetSecret: resetSecret, tokenSecret: tokenSecret)
    }

    /// Gives a server's configuration these secrets.
    func fill(_ configuration: inout ServerConfiguration) {
        configuration.resetSecret = resetSecret
        configuration.tokenKeys.secret = tokenSecret
    }

    /// What is in the file.
    var text: String {
        "\(Self.title)\nreset \(Self.hexadecimal(resetSecret))\ntoken \(Self.hexadecimal(tokenSecret))\n"
    }

    /// The secrets in the file at `path`, which is made with new ones when there is none.
    ///
    /// - Throws: When it cannot be read or made, others may read it, or it says something else.
    package static func open(_ path: String) throws(Refusal) -> SecretFile {
        if let existing = try read(path) { return existing }
        try create(path)
        // Another process may have been first: what is there now counts.
        guard let made = try read(path) else { throw refusal(path, "it is gone again") }
        return made
    }

    private static func read(_ path: String) throws(Refusal) -> SecretFile? {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw systemRefusal(path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw systemRefusal(path) }
        if let objection = objection(to: status, user: geteuid()) { throw refusal(path, objection) }
        var bytes = [UInt8](repeating: 0, count: bytesLimit)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw systemRefusal(path) }
        guard let file = SecretFile(String(decoding: bytes[..<count], as: UTF8.self)) else {
            throw refusal(path, "it is not a file that this server made; remove it to have a new one made")
        }
        return file
    }

    /// Why `user` does not trust what is in a file with this status; nil when it does.
    ///
    /// Whoever else owns the file knows what is in it, and may have put it where this user was going to make one.
    static func objection(to status: stat, user: uid_t) -> String? {
        if status.st_mode & S_IFMT != S_IFREG { return "it is not a regular file" }
        if status.st_uid != user, status.st_uid != 0 { return "it belongs to another user; use chown" }
        if status.st_mode & 0o077 != 0 { return "others may read or write it; use chmod 600" }
        return nil
    }

    /// Makes the file whole, or not at all: under another name first, and then under its own, unless that is taken by now.
    private static func create(_ path: String) throws(Refusal) {
        // Random, since a process that dies here leaves it behind, and the next may have its number.
        let draft = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 16))"
        let descriptor = unsafe Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw systemRefusal(path) }
        defer { unsafe unlink(draft) }
        let bytes = Array(SecretFile(resetSecret: EndpointSecret(), tokenSecret: EndpointSecret()).text.utf8)
        let written = unsafe write(descriptor, bytes, bytes.count)
        let isWhole = written == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWhole, unsafe link(draft, path) == 0 || errno == EEXIST else {
            throw systemRefusal(path)
        }
    }

    private static func refusal(_ path: String, _ reason: String) -> Refusal {
        Refusal(description: "--secret-file \(path) is not accepted: \(reason)")
    }

    private static func systemRefusal(_ path: String) -> Refusal {
        unsafe refusal(path, String(cString: strerror(errno)))
    }

    private static func secret(in line: Substring, named name: String) -> EndpointSecret? {
        let prefix = "\(name) "
        let digits = line.dropFirst(prefix.count).utf8.map(\.self)
        guard line.hasPrefix(prefix), digits.count == 2 * EndpointSecret.byteCount else { return nil }
        let values = digits.compactMap { hexadecimalValue($0) }
        guard values.count == digits.count else { return nil }
        let bytes = stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
        return EndpointSecret(bytes: bytes)
    }

    private static func hexadecimalValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func hexadecimal(_ secret: EndpointSecret) -> String {
        secret.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

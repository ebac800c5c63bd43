import ArgumentParser
import Datagrams
import LoadEngine
import LoadModel

/// The target of a run, as it was given, and where that is.
struct TargetAddress {
    let address: SocketAddress
    /// The name or the address that was given, without its port.
    let host: String

    /// Looks a name up, which may take as long as the system's resolver takes.
    ///
    /// - Throws: ``TextValueError`` unless `text` is an address or a name that leads to one, with a port.
    init(_ text: String) throws(TextValueError) {
        if let address = SocketAddress(text) {
            self.address = address
            host = address.host
        } else {
            (host, address) = try Self.resolve(text)
        }
        guard address.port != 0, !address.isUnspecified else { throw Self.refusal(of: text) }
    }

    /// What carries runs out against it.
    var engine: LoadEngine { LoadEngine(target: address) }

    /// Whether it is on this machine, where nobody else can be in its place.
    var isLocal: Bool { address.isLoopback }

    /// The target that the option `--target` names.
    static func ofOption(_ text: String) throws -> TargetAddress {
        do {
            return try TargetAddress(text)
        } catch {
            throw ValidationError("--target \(error)")
        }
    }

    private static func resolve(_ text: String) throws(TextValueError) -> (host: String, SocketAddress) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port != 0
        else {
            throw refusal(of: text)
        }
        let host = String(text[..<colon])
        // Colons and brackets are in addresses only.
        guard !host.isEmpty, !host.contains(where: { ":[]/ ".contains($0) }) else { throw refusal(of: text) }
        do {
            return (host, try HostName(host).firstAddress(port: port))
        } catch {
            let accepted = "a name that has an address, or an address (\(host): \(error))"
            throw TextValueError(text: text, kind: "a target", accepted: accepted)
        }
    }

    private static func refusal(of text: String) -> TextValueError {
        TextValueError(
            text: text,
            kind: "a target",
            accepted: "HOST:PORT, such as localhost:4433, 127.0.0.1:4433 or [::1]:4433"
        )
    }
}

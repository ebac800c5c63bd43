import ArgumentParser
import Datagrams
import LoadEngine
import LoadModel

/// The target of a run, as it was given.
struct TargetAddress {
    let address: SocketAddress

    /// - Throws: ``TextValueError`` unless `text` is an address with a port.
    init(_ text: String) throws(TextValueError) {
        guard let address = SocketAddress(text), address.port != 0, !address.isUnspecified else {
            throw TextValueError(
                text: text,
                kind: "a target",
                accepted: "ADDRESS:PORT, such as 127.0.0.1:4433 or [::1]:4433"
            )
        }
        self.address = address
    }

    /// What carries runs out against it.
    var engine: LoadEngine { LoadEngine(target: address) }

    /// The address without its port.
    var host: String { address.host }

    /// Whether it is on this machine, where nobody else can be in its place.
    var isLocal: Bool { address.isLoopback }

    /// What carries runs out against the target that `--target` names.
    static func engine(of text: String) throws -> LoadEngine {
        do {
            return try TargetAddress(text).engine
        } catch {
            throw ValidationError("--target \(error)")
        }
    }
}

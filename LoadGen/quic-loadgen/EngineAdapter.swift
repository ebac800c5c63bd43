import Datagrams
import LoadEngine
import LoadModel

/// Makes the engine for a target given as text.
enum EngineAdapter {
    static func engine(target: String) throws(TextValueError) -> LoadEngine {
        guard let address = SocketAddress(target), address.port != 0, !address.isUnspecified else {
            throw TextValueError(
                text: target,
                kind: "a target",
                accepted: "ADDRESS:PORT, such as 127.0.0.1:4433 or [::1]:4433"
            )
        }
        return LoadEngine(target: address)
    }
}

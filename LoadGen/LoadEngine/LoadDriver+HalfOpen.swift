import LoadModel
import QUICEndpoint

/// Connections that vanish in the middle of their handshake.
extension LoadDriver {
    /// Forgets the connections that have sent their first flight and are to send nothing else.
    func abandonHandshakes() {
        for connection in vanishing { finish(connection, .completed, politely: false) }
        vanishing.removeAll(keepingCapacity: true)
    }
}

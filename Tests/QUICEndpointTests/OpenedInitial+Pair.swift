import PacketWriter
import QUICEndpoint
import QUICTesting

extension OpenedInitial {
    /// Takes what an honest client of `pair` sends first, and lets the client go.
    init?(pair: Pair) throws {
        var first: [UInt8] = []
        let admits = pair.network.admits
        pair.network.admits = {
            first = first.isEmpty ? $0.bytes : first
            return false
        }
        let connection = try pair.connect()
        pair.run(for: .milliseconds(1))
        pair.client.abandon(connection, at: pair.now)
        pair.network.admits = admits
        self.init(first)
    }
}

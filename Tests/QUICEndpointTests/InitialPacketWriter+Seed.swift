import PacketWriter
import QUICTransport

extension InitialPacketWriter {
    /// Writes the packets of a client whose connection IDs come from `seed`.
    init(seed: UInt64, token: [UInt8] = []) {
        var ids = ConnectionIDSource(workerIndex: 0, seed: seed)
        self.init(destination: ids.makeInitialDestination(), source: ids.makeInitialDestination(), token: token)
    }
}

import BoundedMemory
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Nothing is left on either side: connections, tables, deadlines and ledger are zero.
func expectEverythingReturned(_ pair: Pair, sourceLocation: SourceLocation = #_sourceLocation) {
    let server = pair.server.statistics
    #expect(server.hasReturned, "\(server)", sourceLocation: sourceLocation)
    #expect(pair.client.ledger.isEmpty, "\(pair.client.ledger.totalUsage)", sourceLocation: sourceLocation)
    #expect(pair.client.deadlineCount == 0, sourceLocation: sourceLocation)
    #expect(pair.client.connectionIDCount == 0, sourceLocation: sourceLocation)
}

/// Bytes that differ from position to position and from seed to seed.
func message(of count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}

extension Pair {
    /// Sends `bytes` and, where they are all, FIN on a new stream of `connection`.
    func send(_ bytes: [UInt8], on connection: Connection, isFinal: Bool = true) throws -> StreamID {
        let stream = try connection.openStream()
        if !bytes.isEmpty { try stream.write(bytes) }
        if isFinal { stream.finish() }
        client.touch(connection)
        return stream.id
    }
}

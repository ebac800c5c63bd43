import BoundedMemory
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport

/// Frames of any kind into an established connection: the input is a list of packets, each with the virtual time before
/// it, where it comes from, and its frames.
struct FrameRun {
    private let input: [UInt8]

    private static let transportAndRingBytesLimit =
        TransportConfiguration.bytesLimit(ofWindow: 64 << 10, borrowed: 0)
        + TransportConfiguration.bytesLimit(ofStreams: 19, window: 64 << 10)
    private static let payloadBytesLimit = 1_300

    init(_ input: [UInt8]) {
        self.input = input
    }

    func run() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.peerUnidirectionalStreams = 3
        let pair = try Pair(seed: 1, services: [EchoService()], configuration: configuration)
        guard let client = try HostileClient(pair: pair) else {
            throw FuzzFinding("an honest client cannot connect")
        }
        let handle = ConnectionHandle(index: 0, generation: 1)
        var reader = InputReader(input)
        while !reader.isAtEnd, let connection = pair.server.connection(handle) {
            let step = reader.byte()
            pair.run(for: .milliseconds(Int64(step >> 4) * 4))
            let frames = Array(reader.block().prefix(Self.payloadBytesLimit))
            client.send(step & 1 == 0 ? frames : client.acknowledgement + frames)
            try expectBounds(of: connection, at: pair.server)
        }
        pair.run(for: .seconds(3_600))
        try expect(pair.serverCloses.count == 1, "\(pair.serverCloses.count) ends of one connection")
        try expect(pair.server.statistics.hasReturned, "something is left: \(pair.server.statistics)")
    }

    private func expectBounds(of connection: Connection, at server: Endpoint) throws {
        let held = connection.account.liveBytes(of: .transport) + connection.account.liveBytes(of: .rings)
        try expect(held <= Self.transportAndRingBytesLimit, "\(held) bytes of transport and rings are held")
        try expect(connection.streamCount <= 16 + 3, "\(connection.streamCount) streams")
        try expect(server.statistics.connectionIDs <= 10, "\(server.statistics.connectionIDs) connection IDs")
    }
}

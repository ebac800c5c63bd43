import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTransport

/// Datagrams from a few addresses into an endpoint that has no connection yet, and time passing between them.
///
/// The input is a list of steps of one byte that says what to do, and what that takes: a raw datagram, an Initial packet
/// with any frames in it, or time.
struct DatagramRun {
    private let input: [UInt8]
    private let server: Endpoint
    private let batch = TransmitBatch()

    private static let serverAddress = SocketAddress(ipv4: 192, 0, 2, 1, port: 4433)
    private static let handshakesInFlight = 8
    /// More than a handshake may take with its TLS session and our own objects.
    private static let bytesPerConnection = 128 * 1024

    init(_ input: [UInt8]) throws {
        self.input = input
        var configuration = EndpointConfiguration()
        configuration.seed = 1
        configuration.admission.handshakesBeforeRetry = Self.handshakesInFlight / 2
        configuration.admission.handshakesInFlight = Self.handshakesInFlight
        server = Endpoint(configuration: configuration, tls: try ServerTLS.shared(), services: [EchoService()])
    }

    func run() throws {
        var reader = InputReader(input)
        var now = MonotonicInstant(nanoseconds: 1_000_000_000)
        var writers: [Int: InitialPacketWriter] = [:]
        while !reader.isAtEnd {
            let step = reader.byte()
            let source = Int(step >> 2) & 7
            switch step & 3 {
            case 0, 1:
                receive(reader.block(), from: source, at: now)
            case 2:
                var writer = writers[source] ?? Self.writer(of: source)
                receive(writer.datagram(Array(reader.block().prefix(1_300))), from: source, at: now)
                writers[source] = writer
            default:
                now = now.advanced(by: .milliseconds(Int64(reader.byte()) * 16))
                server.expire(at: now)
            }
            try drain(at: now)
            try expectBounds()
        }
        try expectReturn(from: now)
    }

    private static func writer(of source: Int) -> InitialPacketWriter {
        let id = [UInt8](repeating: UInt8(source) + 1, count: 8)
        return InitialPacketWriter(destination: id, source: id, firstPacketNumber: 0)
    }

    private func receive(_ datagram: [UInt8], from source: Int, at now: MonotonicInstant) {
        let remote = SocketAddress(ipv4: 198, 51, 100, UInt8(source) + 1, port: 20_000 + UInt16(source))
        let path = NetworkPath(local: Self.serverAddress, remote: remote)
        unsafe server.receive(datagram.span.bytes, path: path, ecn: .notCapable, at: now)
    }

    /// Takes what the endpoint has to send, which ends.
    private func drain(at now: MonotonicInstant) throws {
        for _ in 0..<1_000 {
            server.transmit(into: batch, at: now)
            if batch.isEmpty { return }
            batch.removeAll()
        }
        throw FuzzFinding("the endpoint goes on sending although nothing happens")
    }

    private func expectBounds() throws {
        let statistics = server.statistics
        let live = statistics.connections.live
        try expect(live <= Self.handshakesInFlight, "\(live) handshakes in flight")
        let bytes = server.ledger.totalUsage.liveBytes
        let records = statistics.connections.closing + statistics.connections.draining
        try expect(bytes <= (live + 1) * Self.bytesPerConnection + records * 4_096, "\(bytes) bytes are held")
    }

    /// An hour later nothing is left.
    private func expectReturn(from start: MonotonicInstant) throws {
        let end = start.advanced(by: .seconds(3_600))
        var now = start
        for _ in 0..<100_000 {
            guard let deadline = server.nextDeadline, deadline <= end else { break }
            now = max(now, deadline)
            server.expire(at: now)
            try drain(at: now)
        }
        try expect(server.statistics.hasReturned, "something is left: \(server.statistics)")
    }
}

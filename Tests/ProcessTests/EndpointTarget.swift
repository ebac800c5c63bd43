import Datagrams
import EchoService
import QUICEndpoint
import QUICTransport

/// A server of this process that can be made to fail.
class EndpointTarget: DatagramAnswering {
    fileprivate var endpoint: Endpoint
    fileprivate let make: () -> Endpoint
    private let outgoing = TransmitBatch()

    init(_ service: any StreamService = EchoService()) throws {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = .never
        configuration.admission.handshakesInFlight = 100_000
        let protocols = try ApplicationProtocols([service.applicationProtocol])
        let tls = try TLSServerContext(certificate: .selfSigned, protocols: protocols)
        make = { [configuration] in Endpoint(configuration: configuration, tls: tls, services: [service]) }
        endpoint = make()
    }

    override func receive(
        _ datagram: RawSpan,
        path: NetworkPath,
        at now: MonotonicInstant,
        into replies: TransmitBatch
    ) {
        endpoint.receive(datagram, path: path, ecn: .notCapable, at: now)
    }

    override func turn(at now: MonotonicInstant, into replies: TransmitBatch) {
        endpoint.expire(at: now)
        endpoint.transmit(into: outgoing, at: now)
        for entry in outgoing.entries {
            outgoing.withBytes(of: entry) { datagram in
                let count = sentByteCount(of: datagram)
                guard count > 0 else { return }
                replies.append(copying: datagram.extracting(0..<count), path: entry.path, ecn: entry.ecn)
            }
        }
        outgoing.removeAll()
    }

    /// How much of a datagram is sent.
    func sentByteCount(of datagram: RawSpan) -> Int { datagram.byteCount }
}

/// A server that forgets all its connections whenever there are so many, as one that was restarted has.
final class ForgetfulTarget: EndpointTarget {
    private let connections: Int

    init(after connections: Int) throws {
        self.connections = connections
        try super.init()
    }

    override func turn(at now: MonotonicInstant, into replies: TransmitBatch) {
        super.turn(at: now, into: replies)
        guard endpoint.statistics.connections.handshakesCompleted == connections else { return }
        endpoint = make()
    }
}

/// A server that says no more than its ServerHello: each datagram is cut behind its Initial packet.
final class HalfHandshakeTarget: EndpointTarget {
    /// The length of the Initial packet at its start; 0 when there is none. RFC 9000 §17.2.2.
    override func sentByteCount(of datagram: RawSpan) -> Int {
        var reader = ByteReader(datagram)
        // The long header bit, the fixed bit, and the type Initial.
        guard let first = reader.readByte(), first & 0xf0 == 0xc0, reader.skip(4),
            reader.skip(reader.readByte()), reader.skip(reader.readByte()),
            reader.skip(reader.readInteger()), let length = reader.readInteger(), reader.skip(length)
        else { return 0 }
        return reader.position
    }

    private struct ByteReader {
        private let bytes: [UInt8]
        private(set) var position = 0

        init(_ span: RawSpan) {
            bytes = span.byteOffsets.map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }

        mutating func readByte() -> Int? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return Int(bytes[position])
        }

        mutating func skip(_ count: Int?) -> Bool {
            guard let count, count <= bytes.count - position else { return false }
            position += count
            return true
        }

        /// A variable-length integer. RFC 9000 §16.
        mutating func readInteger() -> Int? {
            guard let first = readByte() else { return nil }
            var value = first & 0x3f
            for _ in 1..<(1 << (first >> 6)) where position < bytes.count {
                value = value << 8 | Int(bytes[position])
                position += 1
            }
            return value
        }
    }
}

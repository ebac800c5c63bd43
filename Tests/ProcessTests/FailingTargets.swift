import Datagrams
import EchoService
import QUICEndpoint
import QUICTransport

/// Targets that keep a client from succeeding, each in a way of its own.
enum FailingTargets {
    /// Sends random bytes back: half of the datagrams look like packets of the connection.
    final class Garbage: DatagramAnswering {
        private var generator = SystemRandomNumberGenerator()

        override func receive(
            _ datagram: RawSpan,
            path: NetworkPath,
            at now: MonotonicInstant,
            into replies: TransmitBatch
        ) {
            guard case .packet(_, let client, _) = DatagramHeader(datagram) else { return }
            var bytes = (0..<1_200).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            if Bool.random(using: &generator) {
                // A long header of version 1 that leads to the client.
                bytes.replaceSubrange(0..<6, with: [bytes[0] | 0xc0, 0, 0, 0, 1, UInt8(client.count)])
                for index in 0..<client.count { bytes[6 + index] = client[index] }
            }
            unsafe replies.append(copying: bytes.span.bytes, path: path)
        }
    }

    /// Speaks none of the client's versions.
    final class OtherVersions: DatagramAnswering {
        override func receive(
            _ datagram: RawSpan,
            path: NetworkPath,
            at now: MonotonicInstant,
            into replies: TransmitBatch
        ) {
            guard case .packet(let ours, let client, _) = DatagramHeader(datagram) else { return }
            // RFC 9000 §17.2.1: version 0, the connection IDs swapped, and the versions. Those of the form 0x?a?a?a?a are
            // reserved: nobody speaks them.
            var bytes: [UInt8] = [0x80, 0, 0, 0, 0]
            for id in [client, ours] {
                bytes.append(UInt8(id.count))
                for index in 0..<id.count { bytes.append(id[index]) }
            }
            bytes += [0x1a, 0x2a, 0x3a, 0x4a]
            unsafe replies.append(copying: bytes.span.bytes, path: path)
        }
    }

    /// Answers every first packet with a Retry, also that which answers a Retry.
    final class EndlessRetry: DatagramAnswering {
        private let validation = AddressValidation(secret: EndpointSecret())
        private var ids = ConnectionIDSource(workerIndex: 0)

        override func receive(
            _ datagram: RawSpan,
            path: NetworkPath,
            at now: MonotonicInstant,
            into replies: TransmitBatch
        ) {
            guard let initial = InitialPacket(datagram) else { return }
            unsafe replies.append { space in
                let count = unsafe StatelessPackets.retry(
                    answering: initial,
                    source: ids.makeConnectionID(),
                    validation: validation,
                    remote: path.remote,
                    at: now,
                    into: space
                )
                return (count, path, .notCapable)
            }
        }
    }

    /// Answers everything with a packet that looks like a stateless reset of a connection unknown to the client.
    final class StrayResets: DatagramAnswering {
        private var generator = SystemRandomNumberGenerator()

        override func receive(
            _ datagram: RawSpan,
            path: NetworkPath,
            at now: MonotonicInstant,
            into replies: TransmitBatch
        ) {
            // RFC 9000 §10.3: a short header with its fixed bit, and random bytes.
            var bytes = (0..<43).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            bytes[0] = bytes[0] & 0x3f | 0x40
            unsafe replies.append(copying: bytes.span.bytes, path: path)
        }
    }
}

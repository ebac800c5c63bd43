import Datagrams
import QUICTransport

/// Everything that reads bytes of a datagram before there is a connection.
struct HeaderRun {
    private let input: [UInt8]
    private static let remote = SocketAddress(ipv4: 198, 51, 100, 1, port: 20_000)
    private static let now = MonotonicInstant(nanoseconds: 1_000_000_000)

    init(_ input: [UInt8]) {
        self.input = input
    }

    func run() throws {
        if case .packet(let destination, let source, _) = unsafe DatagramHeader(input.span.bytes) {
            try expect(destination.count <= 20 && source.count <= 20, "a connection ID of more than 20 bytes")
        }
        guard let initial = unsafe InitialPacket(input.span.bytes) else { return }
        try expect(input.count >= 1_200, "an Initial packet of \(input.count) bytes opens a connection")
        try expect(initial.destination.count >= 8, "a client's connection ID of \(initial.destination.count) bytes")
        try expect(initial.token.count < input.count, "a token longer than its packet")
        var generator = ZeroGenerator()
        let validation = AddressValidation(secret: EndpointSecret(using: &generator))
        switch validation.verdict(on: initial, from: Self.remote, at: Self.now) {
        case .unvalidated, .invalid: break
        // Nobody knows the secret, so nobody can make these up. RFC 9000 §8.1.4.
        case .known, .retried, .retriedAgain:
            throw FuzzFinding("a token is believed that was never given: \(initial.token)")
        }
    }

    /// The same secret for each run.
    private struct ZeroGenerator: RandomNumberGenerator {
        mutating func next() -> UInt64 { 0x9e37_79b9_7f4a_7c15 }
    }
}

import Dispatch
import FoundationEssentials
import LoadModel

/// Reads a server's statistics from its admin interface, over plain HTTP/1.1.
struct AdminClient: ServerReading {
    /// Why statistics could not be read.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let timeout = Duration.seconds(2)
    private static let responseBytesLimit = 1 << 20

    private let address: AdminAddress
    // Blocks on the socket, which a thread of Swift's own pool must not.
    private let queue = DispatchQueue(label: "quic-loadgen.admin")

    init(_ address: AdminAddress) {
        self.address = address
    }

    func snapshot() async throws -> ServerSnapshot {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try readSnapshot() })
            }
        }
    }

    private func readSnapshot() throws -> ServerSnapshot {
        do {
            let response = try readResponse()
            guard response.status == 200 else {
                throw Failure(description: "the answer's status is \(response.status)")
            }
            return try Self.decode(response.body)
        } catch {
            throw Failure(description: "GET http://\(address.authority)/stats: \(error)")
        }
    }

    private func readResponse() throws -> HTTPResponse {
        let connection = try TCPConnection.open(to: address, timeout: Self.timeout)
        let request = "GET /stats HTTP/1.1\r\nHost: \(address.authority)\r\nConnection: close\r\n\r\n"
        try connection.sendAll(Array(request.utf8))
        let deadline = ContinuousClock.now + Self.timeout
        var bytes: [UInt8] = []
        while bytes.count <= Self.responseBytesLimit, ContinuousClock.now < deadline {
            let received = try connection.receive()
            bytes += received
            if let response = try HTTPResponse(parsing: bytes, isComplete: received.isEmpty) { return response }
        }
        throw Failure(description: "the answer did not end within 2s and 1 MiB")
    }

    private static func decode(_ body: [UInt8]) throws -> ServerSnapshot {
        do {
            return try JSONDecoder().decode(ServerSnapshot.self, from: Data(body))
        } catch DecodingError.keyNotFound(let key, let context) {
            let path = (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
            throw Failure(description: "the answer lacks \(path)")
        } catch {
            throw Failure(description: "the answer is not the expected JSON: \(error)")
        }
    }
}

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
    /// A server with 4,096 connections shows 2.5 MB of them.
    private static let responseBytesLimit = 16 << 20

    private let address: AdminAddress
    // Blocks on the socket, which a thread of Swift's own pool must not.
    private let queue = DispatchQueue(label: "quic-loadgen.admin")

    init(_ address: AdminAddress) {
        self.address = address
    }

    func snapshot() async throws -> ServerSnapshot {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try read(ServerSnapshot.self, from: "/stats") })
            }
        }
    }

    /// What the page at `path` says. Blocks until it is there.
    func read<Page: Decodable>(_ type: Page.Type, from path: String) throws -> Page {
        do {
            let response = try readResponse(from: path)
            guard response.status == 200 else {
                throw Failure(description: "the answer's status is \(response.status)")
            }
            return try Self.decode(type, response.body)
        } catch {
            throw Failure(description: "GET http://\(address.authority)\(path): \(error)")
        }
    }

    private func readResponse(from path: String) throws -> HTTPResponse {
        let connection = try TCPConnection.open(to: address, timeout: Self.timeout)
        let request = "GET \(path) HTTP/1.1\r\nHost: \(address.authority)\r\nConnection: close\r\n\r\n"
        try connection.sendAll(Array(request.utf8))
        let deadline = ContinuousClock.now + Self.timeout
        var bytes: [UInt8] = []
        while bytes.count <= Self.responseBytesLimit, ContinuousClock.now < deadline {
            let received = try connection.receive()
            bytes += received
            if let response = try HTTPResponse(parsing: bytes, isComplete: received.isEmpty) { return response }
        }
        throw Failure(description: "the answer did not end within 2s and 16 MiB")
    }

    private static func decode<Page: Decodable>(_ type: Page.Type, _ body: [UInt8]) throws -> Page {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch DecodingError.keyNotFound(let key, let context) {
            let path = (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
            throw Failure(description: "the answer lacks \(path)")
        } catch {
            throw Failure(description: "the answer is not the expected JSON: \(error)")
        }
    }
}

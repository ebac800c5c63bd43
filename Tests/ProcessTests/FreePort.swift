import DatagramIO
import Datagrams
import Foundation

/// UDP ports for programs that cannot let the system choose one and say which.
enum FreePort {
    private static let loopback = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)

    /// A port that nobody had a moment ago.
    static func udp() throws -> UInt16 {
        try UDPSocket(bindingTo: loopback).boundAddress.port
    }

    /// Waits until somebody has `port`, which should be `program`.
    static func untilTaken(_ port: UInt16, by program: RunningProgram) async throws {
        // The second column of the table is the local address; trying to bind would be in the program's way.
        let suffix = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        for _ in 0..<3_000 {
            let table = try String(contentsOfFile: "/proc/net/udp", encoding: .utf8)
            let addresses = table.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
            if addresses.contains(where: { $0.hasSuffix(suffix) }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw RunningProgram.Failure(description: "nobody listens on port \(port)\n\(program.errors)")
    }
}

extension String {
    fileprivate func leftPadded(to length: Int) -> String {
        String(repeating: "0", count: max(0, length - count)) + self
    }
}

import DatagramIO
import Datagrams
import Foundation
import Glibc
import Testing

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
            let table = try kernelText("/proc/net/udp")
            let addresses = table.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
            if addresses.contains(where: { $0.hasSuffix(suffix) }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw RunningProgram.Failure(description: "nobody listens on port \(port)\n\(program.errors)")
    }

    /// All of a file of the kernel's. It has no size, and Foundation reads one block of such a file: of 31 sockets here.
    static func kernelText(_ path: String) throws -> String {
        guard let file = unsafe fopen(path, "r") else {
            throw RunningProgram.Failure(description: "\(path) cannot be read")
        }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4_096)
        while case let count = unsafe fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    fileprivate func leftPadded(to length: Int) -> String {
        String(repeating: "0", count: max(0, length - count)) + self
    }
}

extension RealProcesses {
    @Suite struct FreePortTests {
        /// The table of a machine on which many programs have sockets.
        @Test func aPortIsFoundAmongMany() throws {
            let loopback = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)
            var ports: Set<UInt16> = []
            func bind(_ count: Int) throws {
                guard count > 0 else {
                    let table = try FreePort.kernelText("/proc/net/udp")
                    let missing = ports.filter { !table.contains(":\(String($0, radix: 16, uppercase: true)) ") }
                    #expect(missing.isEmpty)
                    return
                }
                let socket = try UDPSocket(bindingTo: loopback)
                ports.insert(socket.boundAddress.port)
                try bind(count - 1)
                withExtendedLifetime(socket.boundAddress) {}
            }
            try bind(100)
        }
    }
}

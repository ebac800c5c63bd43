// Collects readings that come as datagrams, and says what it has: telemetry [ADDRESS]
//
// A device sends `NAME VALUE` in a datagram as often as it likes; one that is lost is followed by a newer one. A client that opens a
// stream gets a line for each device.
import Glibc
import QUICAsync
import QUICServer

/// The latest reading of each device, of `limit` devices at most.
actor Readings {
    private var values: [Substring: Double] = [:]
    private let limit = 1_000

    func note(_ datagram: [UInt8]) {
        let words = String(decoding: datagram, as: UTF8.self).split(separator: " ")
        guard words.count == 2, words[0].utf8.count <= 64, let value = Double(words[1]) else { return }
        guard values[words[0]] != nil || values.count < limit else { return }
        values[words[0]] = value
    }

    var report: String { values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined() }
}

var configuration = ServerConfiguration()
configuration.transport.datagramFrameBytesLimit = 1_200
if let text = CommandLine.arguments.dropFirst().first, let address = SocketAddress(text) {
    configuration.listenAddress = address
}
let server = try AsyncServer(configuration: configuration, applicationProtocols: ["telemetry"])
let readings = Readings()
print("listening on \(server.address)")
fflush(nil)

await server.run { [readings] connection in
    await withDiscardingTaskGroup { group in
        group.addTask {
            for await datagram in connection.datagrams { await readings.note(datagram) }
        }
        for await stream in connection.streams {
            try? await stream.write(await readings.report)
            stream.finish()
        }
    }
}

// Sends back whatever arrives: echo [ADDRESS]
import Glibc
import QUICAsync
import QUICServer

var configuration = ServerConfiguration()
if let text = CommandLine.arguments.dropFirst().first, let address = SocketAddress(text) {
    configuration.listenAddress = address
}
let server = try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
print("listening on \(server.address)")
fflush(nil)

await server.run { connection in
    await withDiscardingTaskGroup { group in
        for await stream in connection.streams {
            group.addTask {
                do {
                    for try await chunk in stream { try await stream.write(chunk) }
                    stream.finish()
                } catch {}  // The client reset the stream, or is gone.
            }
        }
    }
}

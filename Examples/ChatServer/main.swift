// A chat room on all processors, written with callbacks: chat-server [ADDRESS]
import ChatRoom
import Glibc
import QUICServer

var configuration = ServerConfiguration()
if let text = CommandLine.arguments.dropFirst().first, let address = SocketAddress(text) {
    configuration.listenAddress = address
}
configuration.workerCount = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
let server = try Server(configuration: configuration) { context in [ChatRoom(context)] }
print("listening on \(server.address)")
fflush(nil)
_ = try await server.waitUntilStopped()

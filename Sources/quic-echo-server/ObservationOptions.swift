import ArgumentParser
import Datagrams
import EchoServerKit
import Logging
import TextValues

/// The options that say what the server shows of itself.
struct ObservationOptions: ParsableArguments {
    @Option(
        help: """
            The loopback address and TCP port where GET /stats answers with statistics, such as 127.0.0.1:9443; port 0 \
            lets the system choose. (default: off)
            """,
        transform: Self.address
    )
    var admin: SocketAddress?

    @Option(help: "How much to log on standard error.")
    var logLevel = Logger.Level.info

    private static func address(_ text: String) throws -> SocketAddress {
        do {
            return try AddressText.parseLoopback(text)
        } catch {
            throw ValidationError("use \(error.accepted)")
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

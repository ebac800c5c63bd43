import ArgumentParser
import CommandLineValues
import Datagrams
import LoadModel

/// The options that say whose certificates are believed.
struct TrustOptions: ParsableArguments {
    @Option(help: "Verify the server's certificate, and believe the authorities in this PEM file.")
    var ca: String?

    @Option(
        help: """
            The name to ask the server for and to verify its certificate for. (default: the target's name; of an \
            address localhost, with --ca the address)
            """
    )
    var serverName: String?

    @Flag(help: "Believe any certificate of a target that is not on this machine.")
    var insecure = false

    func validate() throws {
        guard let ca else { return }
        guard !insecure else { throw ValidationError("--ca and --insecure exclude each other") }
        do {
            try UnreadableFile.check(ca)
        } catch {
            throw ValidationError("--ca: \(error)")
        }
    }

    /// Throws unless it is settled whether `target` is believed: on this machine nobody else can be in its place.
    func check(_ target: TargetAddress, named text: String) throws {
        guard target.isLocal || ca != nil || insecure else {
            throw ValidationError(
                "--target \(text) is not on this machine: give --ca FILE to verify its certificate, or --insecure"
            )
        }
    }

    /// - Parameter host: The target's name or address.
    func apply(to scenario: inout LoadScenario, host: String) {
        scenario.certificateAuthorities = ca
        let isAddress = SocketAddress("\(host):1") != nil || SocketAddress("[\(host)]:1") != nil
        scenario.serverName = serverName ?? (ca == nil && isAddress ? "localhost" : host)
    }
}

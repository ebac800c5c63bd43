internal import ArgumentParser
internal import QUICTransport

/// The option for the logs of connections' packets.
struct QlogOptions: ParsableArguments {
    @Option(
        help: """
            A directory that takes the packets of each connection as qlog, in a file for each, for debugging; with ngtcp2 1.22.1 or \
            newer. (default: none)
            """
    )
    var qlog: String?

    /// The directory, opened; nil where none was asked for.
    func open() throws -> QlogDirectory? {
        do {
            return try qlog.map { path throws(QlogError) in try QlogDirectory(path) }
        } catch {
            throw ValidationError("--qlog \(qlog ?? "") is not accepted: \(error)")
        }
    }
}

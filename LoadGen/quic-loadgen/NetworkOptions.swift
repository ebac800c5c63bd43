import ArgumentParser
import LoadModel

/// The options that say from where the generator sends, and on how many threads.
struct NetworkOptions: ParsableArguments {
    private static let socketsDefault = 4

    @Option(
        help: """
            Over how many UDP sockets to spread the connections, 1 to 1024. (default: \(Self.socketsDefault), or as \
            many as workers and local addresses need)
            """
    )
    var sockets: Int?

    @Option(
        help: "Addresses to bind these sockets to in turn, with commas between them, such as 127.0.0.2,127.0.0.3.",
        transform: { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    )
    var localAddress: [String] = []

    @Option(help: "On how many threads to run, 1 to 64: one per core that is free.")
    var workers = 1

    func apply(to scenario: inout LoadScenario) {
        scenario.workers = workers
        scenario.localAddresses = localAddress
        // Whoever moves to another socket needs a second one on the same thread.
        let needed = max(workers * (scenario.rebindEvery == nil ? 1 : 2), localAddress.count)
        scenario.sockets = sockets ?? max(Self.socketsDefault, needed)
    }
}

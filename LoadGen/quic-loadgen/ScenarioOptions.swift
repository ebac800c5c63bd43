import ArgumentParser
import LoadModel

/// The options that say what a run does.
struct ScenarioOptions: ParsableArguments {
    @OptionGroup(title: "How connections begin")
    var pace: PaceOptions

    @OptionGroup(title: "What they do")
    var traffic: TrafficOptions

    @OptionGroup(title: "QUIC and TLS")
    var connection: ConnectionOptions

    @OptionGroup(title: "The generator")
    var network: NetworkOptions

    @Option(help: "Where random values come from, to repeat a run. (default: a new one, shown in the report)")
    var seed: UInt64?

    func validate() throws {
        _ = try scenario(host: "localhost")
    }

    /// The scenario these options describe, with a fresh seed unless one was given.
    ///
    /// - Parameter host: The target's name or address.
    func scenario(host: String) throws -> LoadScenario {
        var scenario = traffic.scenario()
        pace.apply(to: &scenario)
        connection.apply(to: &scenario, host: host)
        network.apply(to: &scenario)
        scenario.seed = seed ?? .random(in: 0...UInt64(UInt32.max))
        do {
            try scenario.validate()
        } catch {
            throw ValidationError("--\(error)")
        }
        return scenario
    }
}

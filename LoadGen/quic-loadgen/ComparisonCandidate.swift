import ArgumentParser
import LoadEngine
import LoadModel

/// A target of `quic-loadgen compare`: what was said of it, where it is, and what reads it.
struct ComparisonCandidate {
    let description: TargetDescription
    private let address: TargetAddress
    private let process: ProcessProbe?

    init(_ text: String) throws {
        do {
            description = try TargetDescription(text)
            address = try TargetAddress(description.address)
            if let processID = description.processID {
                process = try ProcessProbe(processID: processID)
            } else {
                process = nil
            }
        } catch {
            throw ValidationError("--target \(text): \(error)")
        }
    }

    /// Throws unless the scenario of these options can be run against it.
    func validate(_ options: ScenarioOptions) throws {
        try options.connection.trust.check(address, named: description.address)
        do {
            try address.engine.validate(try scenario(options))
        } catch let error as EngineError {
            throw ValidationError("--local-address: \(error)")
        }
    }

    /// Makes sure that its admin interface answers, and says when the process named is hardly the server.
    func introduce() async throws {
        _ = try await AdminClient.ofOption("--target \(description.name)", description.admin)
        process?.sayDoubt(about: address)
    }

    /// What a comparison needs of it.
    func target(_ options: ScenarioOptions, isQuiet: Bool) throws -> ComparisonRun.Target {
        let scenario = try scenario(options)
        let target = ComparedTarget(
            name: description.name,
            address: description.address,
            applicationProtocol: scenario.applicationProtocol
        )
        return ComparisonRun.Target(target) { seed in
            var scenario = scenario
            scenario.seed = seed
            return try await round(of: scenario, isQuiet: isQuiet)
        }
    }

    private func round(of scenario: LoadScenario, isQuiet: Bool) async throws -> ComparedRound {
        let run = LoadRun(
            of: scenario,
            target: description.address,
            engine: address.engine,
            server: description.admin.map(AdminClient.init),
            probe: process.map { TargetProbe(process: $0, group: nil, admin: nil) }
        )
        let display = isQuiet ? nil : ProgressDisplay(of: scenario, scenario.expectsEcho ? [.echoes] : [])
        defer { display?.finish() }
        let before = process?.cpuSeconds
        let report = try await run.report { display?.show($0) }
        let used = process?.cpuSeconds.flatMap { after in before.map { after - $0 } }
        return ComparedRound(report, targetCPUSeconds: used)
    }

    /// The scenario of these options with what this target has of its own.
    private func scenario(_ options: ScenarioOptions) throws -> LoadScenario {
        var options = options
        if let name = description.applicationProtocol { options.connection.alpn = name }
        if let name = description.serverName { options.connection.trust.serverName = name }
        return try options.scenario(host: address.host)
    }
}

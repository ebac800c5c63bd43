import ArgumentParser
import EchoService
import MemoryContract

/// The `memory-contract` command: measures what a connection holds, and writes it down or compares it with what is written.
@main
struct MemoryContractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory-contract",
        abstract: "Measures what a connection of a server with the shipped defaults holds, state by state.",
        discussion: """
            Writes docs/memory-contract.json and the tables of README.md and docs/memory.md, in the current directory. With \
            --check it writes nothing, and exits with 1 when what is written there no longer holds.
            """
    )

    @Flag(help: "Compare instead of writing.")
    var check = false
    @Option(help: "A folder with the statistics of real servers, which scripts/memory-contract --resident puts there.")
    var resident: String?
    @Option(help: "How many connections those servers had.")
    var connections = 5_000

    func validate() throws {
        guard connections > 0 else { throw ValidationError("--connections has to be positive") }
    }

    func run() throws {
        var measured = try ContractMeasurement(services: [EchoService()]).measure()
        if let resident { measured.resident = try StatisticsFolder(path: resident).figures(connections: connections) }
        if check { try compare(measured) } else { try write(measured) }
    }

    private func compare(_ measured: ContractDocument) throws {
        let committed = try ContractFiles.document()
        let comparison = ContractComparison(committed: committed, measured: measured)
        print(comparison.text)
        let staleFiles = try ContractFiles.tables(of: committed).filter { try $0.isStale }
        for row in comparison.brokenRows { print("FAILED: \(row.name)") }
        for file in staleFiles { print("FAILED: \(file.path) does not say what \(ContractFiles.documentPath) says") }
        if !comparison.brokenRows.isEmpty || !staleFiles.isEmpty { throw ExitCode(1) }
    }

    private func write(_ measured: ContractDocument) throws {
        var document = measured
        if document.resident == nil { document.resident = try residentFigures(for: measured) }
        let tables = try ContractFiles.tables(of: document)
        // What cannot be written is known before anything is.
        let texts = try tables.map { try $0.renewed() }
        try ContractFiles.write(document.json(), to: ContractFiles.documentPath)
        for (table, text) in zip(tables, texts) { try ContractFiles.write(text, to: table.path) }
    }

    /// The figures of real servers that were measured before, if they still go with the others.
    private func residentFigures(for measured: ContractDocument) throws -> ResidentFigures {
        guard let committed = try? ContractFiles.document(), let resident = committed.resident,
            committed.measuredWith == measured.measuredWith
        else {
            print(
                "memory-contract: there are no figures of real servers with \(measured.measuredWith.text): add --resident"
            )
            throw ExitCode(1)
        }
        return resident
    }
}

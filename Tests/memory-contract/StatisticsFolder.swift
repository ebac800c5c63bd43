import FoundationEssentials
import LoadModel
import MemoryContract

/// What real servers said of themselves: `STATE-before.json` and `STATE-after.json` for each state of ``ResidentFigures``.
struct StatisticsFolder {
    let path: String

    /// The figures of servers that had so many connections.
    func figures(connections: Int) throws -> ResidentFigures {
        try ResidentFigures(connections: connections) { state in
            .init(before: try snapshot("\(state.rawValue)-before"), after: try snapshot("\(state.rawValue)-after"))
        }
    }

    private func snapshot(_ name: String) throws -> ServerSnapshot {
        let file = URL(filePath: path).appending(path: "\(name).json")
        return try JSONDecoder().decode(ServerSnapshot.self, from: Data(contentsOf: file))
    }
}

internal import BoundedMemory
internal import Datagrams
package import QUICTransport

/// Measures what the contract states, in virtual time: the same code gives the same figures, to a few bytes of rounding in
/// the allocator.
package struct ContractMeasurement {
    private static let sampleCount = 21
    private static let returnSampleCount = 3

    private let services: [any StreamService]

    /// - Parameter services: The server's; one of them has to be the echo.
    package init(services: [any StreamService]) {
        self.services = services
    }

    /// Everything but what takes a whole process.
    ///
    /// - Throws: When a connection does not get to its state or does not end.
    package func measure() throws -> ContractDocument {
        ContractDocument(
            schemaVersion: ContractDocument.currentSchemaVersion,
            measuredWith: .current,
            sampleCount: Self.sampleCount,
            caps: try .ofThisCode(),
            tolerances: .standard,
            states: try ContractState.allCases.map(measure),
            returnTimes: try ContractEnd.allCases.map(measure),
            resident: nil
        )
    }

    private func measure(_ state: ContractState) throws -> StateFigures {
        let connections = try (1...Self.sampleCount).map { number in
            let connection = try SingleConnection(seed: UInt64(number), services: services)
            try connection.reach(state)
            return connection
        }
        let classes = MemoryClass.allCases.map { memoryClass in
            (memoryClass.rawValue, MemoryFigures(connections.map { $0.ledger.usage(of: memoryClass) }))
        }
        return StateFigures(
            state: state.rawValue,
            meaning: state.meaning,
            classes: Dictionary(uniqueKeysWithValues: classes),
            total: MemoryFigures(connections.map(\.ledger.totalUsage))
        )
    }

    private func measure(_ end: ContractEnd) throws -> ReturnFigures {
        let times = try (1...Self.returnSampleCount).map { number in
            let connection = try SingleConnection(seed: UInt64(number), services: services)
            return try connection.timeToReturn(by: end).wholeMilliseconds
        }
        return ReturnFigures(end, sample: times)
    }
}

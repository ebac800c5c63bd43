import BoundedMemory
import LoadModel
import MemoryContract
import Testing

/// docs/memory-contract.json says what this code holds, and the guides say what it says.
@Suite struct MemoryContractTests {
    @Test func whatIsMeasuredIsWhatTheDocumentSays() throws {
        let comparison = ContractComparison(
            committed: try Contracts.committed(),
            measured: try Contracts.measured.get()
        )
        // For the log: on other libraries than the document's, only limits are compared.
        print(comparison.text)
        let broken = comparison.brokenRows.map(\.name)
        #expect(broken.isEmpty, "\(comparison.text)\nif this is meant to be: scripts/memory-contract --resident")
    }

    @Test func theReadmesTableIsTheDocuments() throws {
        let block = try MarkedBlock.memoryContract.content(of: Contracts.text(of: "README.md"))
        #expect(try block == Contracts.committed().readmeBlock, "run scripts/memory-contract")
    }

    @Test func theMemoryGuidesTableIsTheDocuments() throws {
        let block = try MarkedBlock.memoryContract.content(of: Contracts.text(of: "docs/memory.md"))
        #expect(try block == Contracts.committed().memoryBlock, "run scripts/memory-contract")
    }

    @Test func theDocumentIsAsTheCommandWritesIt() throws {
        let document = try Contracts.committed()
        #expect(try document.json() == Contracts.committedJSON())
        for figures in document.states { #expect(figures.meaning == ContractState(rawValue: figures.state)?.meaning) }
        for figures in document.returnTimes { #expect(figures.since == ContractEnd(rawValue: figures.cause)?.since) }
    }

    @Test func realServersStayWithinTheirLimits() throws {
        let resident = try #require(try Contracts.committed().resident)
        #expect(resident.states.map(\.state) == ResidentFigures.bytesLimits.map(\.state.rawValue))
        for (row, limit) in zip(resident.states, ResidentFigures.bytesLimits) {
            #expect(row.residentBytes <= limit.bytes)
            #expect(row.residentBytesLimit == limit.bytes)
        }
    }

    /// Figures that could be anything would be compared with themselves only.
    @Test func statesAreWhatTheirNamesSay() throws {
        let measured = try Contracts.measured.get()
        func figures(_ state: ContractState) throws -> StateFigures { try #require(measured[state]) }
        #expect(measured.states.map(\.state) == ContractState.allCases.map(\.rawValue))
        #expect(measured.returnTimes.map(\.cause) == ContractEnd.allCases.map(\.rawValue))
        for state in ContractState.allCases {
            let total = try figures(state).total
            #expect(try figures(state).classes.values.map(\.liveBlocks).reduce(0, +) == total.liveBlocks)
            #expect(total.liveBytesMinimum <= total.liveBytes && total.liveBytes <= total.liveBytesMaximum)
            #expect(total.liveBytesMaximum <= total.peakBytesMaximum)
        }
        #expect(try figures(.gone).total.liveBlocks == 0)
        #expect(try figures(.gone).total.liveBytesMaximum == 0)
        #expect(try figures(.halfOpen)[.tls]?.liveBlocks ?? 0 > figures(.establishedIdle)[.tls]?.liveBlocks ?? .max)
        #expect(try figures(.echoInFlight)[.rings]?.liveBlocks == 1)
        #expect(try figures(.echoAcknowledged)[.rings]?.liveBlocks == 0)
        #expect(try figures(.sixteenStreamsOpen)[.rings]?.peakBytes ?? 0 >= 16 * 64)
        // The record, its IDs, and the packet it repeats.
        for (state, blocks) in [(ContractState.closing, 3), (.draining, 2)] {
            #expect(try figures(state)[.closing]?.liveBlocks == blocks)
            #expect(try figures(state)[.transport]?.liveBlocks == 0)
            #expect(try figures(state)[.tls]?.liveBlocks == 0)
        }
    }
}

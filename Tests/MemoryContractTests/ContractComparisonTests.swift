import BoundedMemory
import EchoService
import MemoryContract
import QUICTransport
import Testing

/// A comparison that cannot fail proves nothing: each of these documents has one fault.
@Suite struct ContractComparisonTests {
    /// The names of the rows that break when the document has the fault that `change` puts into it, and a measurement gives
    /// what it said before.
    private func brokenRows(_ change: (inout ContractDocument) -> Void) throws -> [String] {
        let measured = try Contracts.committed()
        var document = measured
        change(&document)
        let comparison = ContractComparison(committed: document, measured: measured)
        for row in comparison.brokenRows { #expect(comparison.text.contains("BROKEN  \(row.name) ")) }
        return comparison.brokenRows.map(\.name)
    }

    @Test func aMeasurementOfWhatTheDocumentSaysHolds() throws {
        #expect(try brokenRows { _ in }.isEmpty)
    }

    @Test(arguments: ContractState.allCases.filter { $0 != .gone })
    func aStateThatIsTenPercentTooSmallFails(state: ContractState) throws {
        let broken = try brokenRows { document in
            guard let index = document.states.firstIndex(where: { $0.state == state.rawValue }) else { return }
            document.states[index].shrink()
        }
        let measured = try #require(try Contracts.committed()[state])
        for memoryClass in MemoryClass.allCases where (measured[memoryClass]?.liveBlocks ?? 0) > 0 {
            #expect(broken.contains("states.\(state.rawValue).\(memoryClass.rawValue).live_bytes"))
        }
        #expect(broken.contains("states.\(state.rawValue).total.live_bytes"))
        #expect(broken.allSatisfy { $0.hasPrefix("states.\(state.rawValue).") })
    }

    @Test(arguments: ContractState.allCases)
    func aMissingStateFails(state: ContractState) throws {
        let broken = try brokenRows { $0.states.removeAll { $0.state == state.rawValue } }
        #expect(broken.contains("states.\(state.rawValue)"))
    }

    @Test func aStateThatDoesNotExistFails() throws {
        let broken = try brokenRows { document in
            var further = document.states[0]
            further.state = "migrating"
            document.states.append(further)
        }
        #expect(broken == ["states.migrating"])
    }

    @Test func aStateThatIsThereTwiceFails() throws {
        #expect(try brokenRows { $0.states.append($0.states[0]) } == ["states.half_open"])
    }

    @Test func aMissingClassFails() throws {
        let broken = try brokenRows { $0.states[1].classes["tls"] = nil }
        #expect(broken.contains("states.established_idle.tls.live_bytes"))
    }

    @Test func anEndThatTakesASecondLongerFails() throws {
        let broken = try brokenRows { $0.returnTimes[0].milliseconds -= 1_000 }
        #expect(broken == ["return_times.idle_timeout.milliseconds"])
    }

    @Test func aMissingEndFails() throws {
        #expect(try brokenRows { $0.returnTimes.removeLast() }.contains("return_times.shutdown"))
    }

    @Test func aCapThatIsNotTheCodesFails() throws {
        #expect(try brokenRows { $0.caps.handshakeBytes *= 2 } == ["caps.handshake_bytes"])
        #expect(try brokenRows { $0.caps.connectionBytes -= 1 } == ["caps.connection_bytes"])
        #expect(try brokenRows { $0.caps.closingRecordBytes += 1 } == ["caps.closing_record_bytes"])
        #expect(try brokenRows { $0.caps.closingRecordsBytes = 0 } == ["caps.closing_records_bytes"])
        #expect(try brokenRows { $0.caps.connectionsPerGibibyte += 1 } == ["caps.connections_per_gibibyte"])
    }

    @Test func aToleranceThatIsNotTheCodesFails() throws {
        #expect(try brokenRows { $0.tolerances.peakPercent = 50 } == ["tolerances.peak_percent"])
    }

    @Test func anotherVersionOfTheDocumentFails() throws {
        #expect(try brokenRows { $0.schemaVersion += 1 } == ["schema_version"])
    }
}

/// What holds with any libraries.
extension ContractComparisonTests {
    /// The comparison of a document that was made with another ngtcp2, and has the fault that `change` puts into it.
    private func comparisonWithOtherLibraries(_ change: (inout ContractDocument) -> Void) throws -> ContractComparison {
        let measured = try Contracts.committed()
        var document = measured
        document.measuredWith.ngtcp2 = "9.9.9"
        change(&document)
        return ContractComparison(committed: document, measured: measured)
    }

    @Test func figuresOfOtherLibrariesAreNotComparedAndTheTextSaysSo() throws {
        let committed = try Contracts.committed()
        let comparison = try comparisonWithOtherLibraries { $0.states[1].shrink() }
        let note = """
            figures are not compared, only limits: the document was measured with ngtcp2 9.9.9, \
            this is ngtcp2 \(committed.measuredWith.ngtcp2)
            """
        #expect(comparison.brokenRows.isEmpty)
        #expect(comparison.text.hasSuffix("\n\(note)"))
        #expect(ContractComparison(committed: committed, measured: committed).figuresNote == nil)
    }

    @Test func limitsHoldWithOtherLibrariesToo() throws {
        let broken = try comparisonWithOtherLibraries { document in
            document.states[0].classes["transport"]?.peakBytesMaximum = 49_153
            document.states[1].classes["tls"]?.liveBytesMaximum = 12_288
            document.states[5].classes["transport"]?.liveBytesMaximum += 16 * 600
            document.states[6].classes["closing"]?.liveBytesMaximum = 4_097
            document.states[8].total.liveBytesMaximum = 1
            document.returnTimes[1].millisecondsMaximum = 10_001
        }.brokenRows.map(\.name)
        #expect(
            broken == [
                "states.half_open within caps.handshake_bytes", "states.established_idle within caps.overhead_bytes",
                "states.sixteen_streams_open within caps.stream_bytes",
                "states.closing within caps.closing_record_bytes",
                "states.gone is empty: bytes", "return_times.handshake_timeout within milliseconds_limit",
            ]
        )
    }

    @Test func missingStatesFailWithOtherLibrariesToo() throws {
        let broken = try comparisonWithOtherLibraries { $0.states.removeLast() }.brokenRows.map(\.name)
        #expect(
            broken == [
                "states.gone", "states.gone within caps.connection_cost_bytes", "states.gone is empty: bytes",
                "states.gone is empty: blocks",
            ]
        )
    }
}

/// Code with a fault.
extension ContractComparisonTests {
    @Test func aServiceThatKeepsAKibibytePerConnectionFailsByName() throws {
        let faulty = try ContractMeasurement(services: [HoardingService()]).measure()
        let comparison = ContractComparison(committed: try Contracts.measured.get(), measured: faulty)
        let states = ContractState.allCases.map(\.rawValue).filter { state in
            comparison.brokenRows.contains { $0.name == "states.\(state).rings.live_blocks" }
        }
        #expect(states == ["stream_open", "echo_in_flight", "echo_acknowledged", "sixteen_streams_open"])
        let row = try #require(comparison.brokenRows.first { $0.name == "states.echo_acknowledged.rings.live_bytes" })
        #expect(row.committed == 0)
        #expect(row.rule == .within(0))
        #expect(try (1_024...1_064).contains(#require(row.measured)))
        #expect(comparison.brokenRows.contains { $0.name == "states.echo_acknowledged.total.live_bytes" })
    }
}

extension StateFigures {
    /// A tenth less of everything held.
    fileprivate mutating func shrink() {
        for (name, figures) in classes { classes[name]?.liveBytes = figures.liveBytes * 9 / 10 }
        total.liveBytes = total.liveBytes * 9 / 10
    }
}

/// An echo that keeps 1 KiB for each connection that ever opened a stream, as long as the connection lives.
private final class HoardingService: StreamService {
    private let echo = EchoService()

    var applicationProtocol: String { echo.applicationProtocol }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        let connection = stream.connection
        if connection.context == nil { connection.context = Hoard(connection.account) }
        try echo.receive(bytes, isFinal: isFinal, on: stream)
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        echo.stream(stream, didRelease: count)
    }

    /// Owns: one block of 1 KiB. Released by: `deinit`.
    @safe
    private final class Hoard {
        private let account: MemoryAccount
        private let block: UnsafeMutableRawPointer?

        init(_ account: MemoryAccount) {
            self.account = account
            unsafe block = account.allocate(1_024, for: .rings)
        }

        deinit {
            unsafe account.free(block, from: .rings)
        }
    }
}

import Datagrams
import Testing

@Suite struct TransmitBatchTests {
    private let path = NetworkPath(
        local: SocketAddress(ipv4: 127, 0, 0, 1, port: 1),
        remote: SocketAddress(ipv4: 127, 0, 0, 1, port: 2)
    )

    private func append(_ bytes: [UInt8], to batch: TransmitBatch) {
        unsafe batch.append(copying: bytes.span.bytes, path: path, ecn: .capable0)
    }

    private func contents(of batch: TransmitBatch) -> [[UInt8]] {
        batch.entries.map { entry in
            batch.withBytes(of: entry) { span in unsafe span.withUnsafeBytes { unsafe Array($0) } }
        }
    }

    @Test func keepsDatagramsInOrderWithTheirPaths() {
        let batch = TransmitBatch(datagramCapacity: 3)
        for number in UInt8(1)...3 { append([UInt8](repeating: number, count: Int(number) * 500), to: batch) }
        #expect(batch.isFull)
        #expect(contents(of: batch).map(\.count) == [500, 1_000, 1_500])
        #expect(contents(of: batch).map { $0.first } == [1, 2, 3])
        #expect(batch.entries.allSatisfy { $0.path == path && $0.ecn == .capable0 })
    }

    @Test func aDatagramThatIsNotWrittenTakesNoPlace() {
        let batch = TransmitBatch(datagramCapacity: 1)
        let appended = unsafe batch.append { _ in nil }
        #expect(appended == 0)
        #expect(batch.isEmpty)
    }

    /// Room that sent datagrams leave at the front is not room at the back.
    @Test func isFullUntilItIsEmptyAgainAfterAPartialSend() {
        let batch = TransmitBatch(datagramCapacity: 2)
        append([UInt8](repeating: 1, count: 1_500), to: batch)
        append([UInt8](repeating: 2, count: 1_500), to: batch)
        batch.removeFirst(1)
        #expect(batch.isFull)
        #expect(contents(of: batch) == [[UInt8](repeating: 2, count: 1_500)])
        batch.removeFirst(1)
        #expect(!batch.isFull && batch.isEmpty)
    }

    @Test func movesWhatFitsAndKeepsTheRest() {
        let batch = TransmitBatch(datagramCapacity: 3)
        for number in UInt8(1)...3 { append([number], to: batch) }
        let other = TransmitBatch(datagramCapacity: 2)
        batch.move(into: other)
        #expect(contents(of: other) == [[1], [2]])
        #expect(contents(of: batch) == [[3]])
        #expect((other.entries + batch.entries).allSatisfy { $0.path == path && $0.ecn == .capable0 })
    }
}

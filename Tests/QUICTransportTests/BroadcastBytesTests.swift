import BoundedMemory
import Testing

@testable import QUICTransport

/// Bytes that any thread may send.
@Suite struct BroadcastBytesTests {
    /// Each ledger has one copy for as long as anybody refers to it, and another after that.
    @Test func bytesOfABroadcastExistOnceInEachLedger() throws {
        let ledgers = [MemoryLedger(), MemoryLedger()]
        let broadcast = BroadcastBytes((0..<16_384).map { UInt8(truncatingIfNeeded: $0 % 251) })
        for _ in 0..<3 {
            do {
                let copies = try ledgers.map { ledger in try broadcast.shared(in: ledger) }
                #expect(copies[0] !== copies[1])
                for (ledger, copy) in zip(ledgers, copies) {
                    #expect(try broadcast.shared(in: ledger) === copy)
                    #expect(copy.isCharged(to: ledger))
                    #expect((16_384...16_500).contains(ledger.sharedBytes))
                    copy.withBytes { bytes in
                        unsafe bytes.withUnsafeBytes { #expect(unsafe Array($0) == broadcast.bytes) }
                    }
                }
            }
            #expect(ledgers.allSatisfy { $0.sharedBytes == 0 && $0.totalUsage.liveBytes == 0 })
        }
        let another = BroadcastBytes(broadcast.bytes)
        let copies = try [broadcast, another].map { try $0.shared(in: ledgers[0]) }
        #expect(copies[0] !== copies[1] && (32_768...33_000).contains(ledgers[0].sharedBytes))
    }
}

import Testing

@testable import BoundedMemory

@Suite struct MemoryAccountTests {
    @Test func takesNoMoreThanTwoHundredBytes() {
        let account = MemoryAccount(ledger: MemoryLedger())
        let bytes = withExtendedLifetime(account) { unsafe SlotStorage<Int>.blockBytes(account.userData) }
        #expect((1...200).contains(bytes))
    }

    @Test func addsToTheLedgerOfItsWorker() {
        let ledger = MemoryLedger()
        let (first, second) = (MemoryAccount(ledger: ledger), MemoryAccount(ledger: ledger))
        first.charge(10, to: .tls)
        second.charge(20, to: .tls)
        first.charge(5, to: .rings)
        first.release(10, from: .tls)

        #expect(first.liveBytes == 5)
        #expect(first.peakBytes == 15)
        #expect(second.liveBytes(of: .tls) == 20)
        #expect(second.liveBlocks(of: .tls) == 1)
        #expect(ledger.usage(of: .tls).liveBytes == 20)
        #expect(ledger.usage(of: .tls).peakBytes == 30)
    }

    @Test func thePeakOfAnAccountIsTheMostItEverHeld() {
        let account = MemoryAccount(ledger: MemoryLedger())
        account.charge(100, to: .transport)
        account.release(100, from: .transport)
        account.charge(10, to: .transport)
        #expect(account.peakBytes == 100)
        account.charge(95, to: .tls)
        #expect(account.peakBytes == 105)
    }

    /// TLS and tables cannot be refused memory, so they do not take it from what can.
    @Test func theLimitOfAnAccountIsForTransportAndRings() {
        let account = MemoryAccount(ledger: MemoryLedger())
        account.bytesLimit = 1_000
        account.charge(900, to: .tls)
        account.charge(900, to: .table)
        #expect(account.hasRoom(for: 1_000))
        account.charge(400, to: .transport)
        account.charge(400, to: .rings)
        #expect(account.hasRoom(for: 200))
        #expect(!account.hasRoom(for: 201))
    }

    @Test func anAccountThatEndsHoldingMemoryLeavesItInTheLedger() {
        let ledger = MemoryLedger()
        do {
            let account = MemoryAccount(ledger: ledger)
            account.charge(64, to: .tls)
            #expect(!account.isEmpty)
        }
        #expect(ledger.usage(of: .tls).liveBytes == 64)
        #expect(!ledger.isEmpty)
    }

    @Test func aBlockOfNoBytesKeepsItFromBeingEmpty() {
        let account = MemoryAccount(ledger: MemoryLedger())
        account.charge(0, to: .tls)
        #expect(!account.isEmpty)
        account.release(0, from: .tls)
        #expect(account.isEmpty)
    }

    @Test func releasingWhatAnotherAccountHoldsStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let ledger = MemoryLedger()
            let (owner, stranger) = (MemoryAccount(ledger: ledger), MemoryAccount(ledger: ledger))
            owner.charge(10, to: .transport)
            stranger.release(10, from: .transport)
        }
    }
}

import BoundedMemory
import Datagrams
import QUICTesting
import Testing

@testable import QUICEndpoint

@Suite struct SourceTableTests {
    private func source(_ number: Int) -> SourcePrefix {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return SourcePrefix(of: SocketAddress(ipv4: bytes[3], bytes[2], bytes[1], bytes[0], port: 1))
    }

    @Test func countsWhatEachSourceHasAndForgetsItWithItsLastConnection() {
        let ledger = MemoryLedger()
        var table = SourceTable(limit: 10, ledger: ledger)
        #expect(ledger.isEmpty)
        #expect(table.begin(source(1)) == true)
        #expect(table.begin(source(1)) == true)
        #expect(table.begin(source(2)) == true)
        table.establish(source(1))
        #expect(table.counts(of: source(1)) == SourceCounts(live: 2, handshaking: 1))
        #expect(table.counts(of: source(2)) == SourceCounts(live: 1, handshaking: 1))
        #expect(table.counts(of: source(3)) == SourceCounts())
        #expect(ledger.usage(of: .table).liveBytes == table.allocatedBytes)
        table.end(source(1), wasHandshaking: true)
        table.end(source(1), wasHandshaking: false)
        #expect(table.count == 1)
        table.end(source(2), wasHandshaking: true)
        #expect(table.count == 0)
        #expect(ledger.isEmpty)
    }

    @Test func aFullTableForgetsNobodyForAnother() {
        var table = SourceTable(limit: 2, ledger: nil)
        #expect(table.begin(source(1)) == true)
        #expect(table.begin(source(2)) == true)
        #expect(table.begin(source(3)) == false)
        #expect(table.hasRoom(for: source(1)) == true)
        #expect(table.hasRoom(for: source(3)) == false)
        table.end(source(1), wasHandshaking: true)
        #expect(table.begin(source(3)) == true)
        #expect(table.counts(of: source(2)).live == 1)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func behavesAsADictionaryOfCounts(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let ledger = MemoryLedger()
        var table = SourceTable(limit: 150, seed: seed, ledger: ledger)
        var model: [Int: SourceCounts] = [:]
        for _ in 0..<20_000 {
            let number = Int.random(in: 0..<200, using: &generator)
            let counts = model[number, default: SourceCounts()]
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                let hasRoom = model.count < 150 || counts.live > 0
                #expect(table.begin(source(number)) == hasRoom)
                if hasRoom {
                    model[number] = SourceCounts(live: counts.live + 1, handshaking: counts.handshaking + 1)
                }
            case 2 where counts.handshaking > 0:
                table.establish(source(number))
                model[number]?.handshaking -= 1
            case 3 where counts.live > 0:
                let wasHandshaking = counts.handshaking > 0
                table.end(source(number), wasHandshaking: wasHandshaking)
                model[number]?.live -= 1
                if wasHandshaking { model[number]?.handshaking -= 1 }
                if counts.live == 1 { model[number] = nil }
            default: continue
            }
            #expect(table.counts(of: source(number)) == model[number] ?? SourceCounts())
            #expect(table.count == model.count)
        }
        for (number, counts) in model {
            for index in 0..<counts.live { table.end(source(number), wasHandshaking: index < counts.handshaking) }
        }
        #expect(ledger.isEmpty)
    }

    @Test func aSourceIsAnIPv4AddressOrTheFirst64BitsOfAnIPv6Address() throws {
        func source(_ text: String) throws -> SourcePrefix { SourcePrefix(of: try #require(SocketAddress(text))) }
        #expect(try source("192.0.2.1:5") == source("192.0.2.1:6"))
        #expect(try source("192.0.2.1:5") != source("192.0.2.2:5"))
        #expect(try source("[2001:db8:1:2::1]:5") == source("[2001:db8:1:2:ffff::9]:6"))
        #expect(try source("[2001:db8:1:2::1]:5") != source("[2001:db8:1:3::1]:5"))
        #expect(try source("[2001:db8::1]:5") != source("32.1.13.184:5"))
        #expect(try source("[::1]:5") != source("192.0.2.1:5"))
        #expect(try source("255.255.255.255:1") != SourcePrefix.none)
    }
}

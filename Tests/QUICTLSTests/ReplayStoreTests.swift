import QUICPackets
import Testing

@testable import QUICTLS

/// The memory of ClientHellos whose early data was accepted. RFC 8446 §8.2.
@Suite struct ReplayStoreTests {
    private static let lifetime: UInt64 = 100
    private static let begin: UInt64 = 1_700_000_000

    private func store(bytes: Int = 4 << 10) -> ReplayStore {
        ReplayStore(bytesLimit: bytes, lifetimeSeconds: Self.lifetime)
    }

    private func binder(_ number: Int) -> [UInt8] { [1, 2, 3] + "\(number)".utf8 }

    /// A ticket is made before its ClientHello comes, and accepted for a lifetime.
    @Test(arguments: [0, 1, 99, 100, 101, 150, 201])
    func aClientHelloIsAcceptedOnceWhileItsTicketLives(offset: Int) {
        let store = store()
        #expect(store.admit(binder(0), at: Self.begin) == nil)
        let first = Self.begin + UInt64(offset)
        #expect(store.admit(binder(1), at: first) == nil)
        for age in [0, 1, 50, 99, 100] {
            // Others come meanwhile, so that the tables take turns.
            _ = store.admit(binder(1_000 + age), at: first + UInt64(age))
            #expect(store.admit(binder(1), at: first + UInt64(age)) == .replayed, "\(age) s")
        }
        #expect(store.statistics(at: first + 100).replayed == 5)
    }

    @Test func itIsForgottenWithItsTicket() {
        let store = store()
        #expect(store.admit(binder(1), at: Self.begin) == nil)
        #expect(store.admit(binder(1), at: Self.begin + 2 * (Self.lifetime + 1)) == nil)
    }

    @Test func aFullStoreTakesNothingUntilTicketsHaveExpired() {
        let store = store()
        let limit = ReplayStore.entriesLimit(ofBytes: 4 << 10)
        #expect(limit == 192)
        for number in 0..<limit { #expect(store.admit(binder(number), at: Self.begin) == nil) }
        #expect(store.admit(binder(limit), at: Self.begin) == .full)
        // It still knows those that it has.
        #expect(store.admit(binder(7), at: Self.begin) == .replayed)
        let statistics = store.statistics(at: Self.begin)
        #expect(statistics.bytes == 2 << 10 && statistics.entries == limit)
        #expect(statistics.refusedFull == 1 && statistics.replayed == 1)
        let next = Self.begin + Self.lifetime + 1
        for number in limit..<2 * limit { #expect(store.admit(binder(number), at: next) == nil) }
        #expect(store.admit(binder(2 * limit), at: next) == .full)
        #expect(store.statistics(at: next).bytes == 4 << 10)
    }

    @Test(arguments: [4 << 10, 5_000, 64 << 10, 1 << 20, 3 << 20])
    func itTakesNoMoreThanItsBytes(limit: Int) {
        let store = store(bytes: limit)
        #expect(store.statistics(at: Self.begin).bytes == 0)
        for period in 0..<2 {
            let time = Self.begin + UInt64(period) * (Self.lifetime + 1)
            for number in 0..<1_000 { _ = store.admit(binder(1_000 * period + number), at: time) }
        }
        let bytes = store.statistics(at: Self.begin + Self.lifetime + 1).bytes
        #expect(bytes <= limit && bytes > limit / 2)
    }

    @Test func itGivesItsMemoryBackAfterALifetime() {
        let store = store()
        _ = store.admit(binder(1), at: Self.begin)
        #expect(store.statistics(at: Self.begin + Self.lifetime).entries == 1)
        let statistics = store.statistics(at: Self.begin + 2 * (Self.lifetime + 1))
        #expect(statistics.entries == 0 && statistics.bytes == 0)
    }

    /// Otherwise a step forwards would make it forget, and a step back make the tickets good again.
    @Test func nothingIsAcceptedWhileTheClockIsBehind() {
        let store = store()
        #expect(store.admit(binder(1), at: Self.begin) == nil)
        #expect(store.admit(binder(2), at: Self.begin + 1_000_000) == nil)
        #expect(store.admit(binder(1), at: Self.begin + 1) == .clockSetBack)
        #expect(store.admit(binder(3), at: Self.begin + 1) == .clockSetBack)
        #expect(store.statistics(at: Self.begin + 1).refusedClock == 2)
        #expect(store.admit(binder(3), at: Self.begin + 1_000_000) == nil)
    }

    @Test func valuesThatDoNotWorkAreNamed() throws {
        var configuration = EarlyDataConfiguration()
        #expect(configuration.flaw == nil && configuration.connectionsPerLifetime == 49_152)
        configuration.ticketLifetime = .milliseconds(999)
        #expect(configuration.flaw?.contains("1 second to 7 days") == true)
        configuration = EarlyDataConfiguration()
        configuration.replayStoreBytesLimit = 4_095
        #expect(configuration.flaw?.contains("4095") == true)
        #expect(throws: QUICError.self) {
            try TLSServerContext(
                certificate: .selfSigned,
                protocols: ApplicationProtocols(["echo"]),
                earlyData: configuration
            )
        }
    }

    // RFC 9001 §4.6.1: "Servers MUST NOT send the early_data extension with a max_early_data_size field set to any value other than
    // 0xffffffff. […] A client MUST treat receipt of [another] as a connection error": here it is no permission.
    @Test func aTicketAllowsEarlyDataByItsExtensionAlone() {
        func ticket(_ extensions: [UInt8]) -> [UInt8] {
            [0, 0, 14, 16, 1, 2, 3, 4, 2, 9, 9, 0, 3, 7, 7, 7, 0, UInt8(extensions.count)] + extensions
        }
        func allows(_ bytes: [UInt8]) -> Bool { unsafe NewSessionTicket.allowsEarlyData(bytes.span.bytes) }
        let permission: [UInt8] = [0, 42, 0, 4, 255, 255, 255, 255]
        #expect(allows(ticket(permission)))
        #expect(allows(ticket([0, 1, 0, 2, 5, 5] + permission)))
        #expect(!allows(ticket([])))
        #expect(!allows(ticket([0, 42, 0, 4, 0, 0, 64, 0])))
        #expect(!allows(ticket([0, 41, 0, 4, 255, 255, 255, 255])))
        for count in 0..<ticket(permission).count {
            #expect(!allows(Array(ticket(permission).prefix(count))), "\(count)")
        }
    }
}

import Datagrams
import Testing

@testable import QUICTransport

/// RFC 9000 §4.1: the receiver of stream data says how far its sender may go.
@Suite struct ReceiveWindowTests {
    private func moment(_ milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func creditComesInEighthsOfTheWindow() {
        var window = ReceiveWindow(initialBytes: 8_000)
        window.consume(999)
        #expect(window.takeCredit() == 0)
        window.consume(1)
        #expect(window.takeCredit() == 1_000)
        #expect(window.outstandingBytes == 8_000)
        #expect(window.creditedOffset == 9_000)
    }

    /// A peer sends what it is given at once, so no step of a large window is a burst.
    @Test func noStepOfCreditIsABurst() {
        var window = ReceiveWindow(initialBytes: 16 << 20)
        window.consume((64 << 10) - 1)
        #expect(!window.isCreditDue)
        #expect(window.takeCredit() == 0)
        window.consume(1)
        #expect(window.isCreditDue)
        #expect(window.takeCredit() == 64 << 10)
    }

    @Test func answeredBytesAreThoseHandledAndNotConsumed() {
        var window = ReceiveWindow(initialBytes: 8_000)
        #expect(window.answeredBytes == 0)
        _ = window.handle(3_000, at: moment(1))
        #expect(window.answeredBytes == 3_000)
        window.consume(2_000)
        #expect(window.answeredBytes == 1_000)
        // Bytes that are consumed before they are handled were never kept for an answer.
        window.consume(4_000)
        #expect(window.answeredBytes == 0)
        _ = window.handle(2_500, at: moment(1))
        window.skip(500)
        #expect(window.answeredBytes == 0)
        #expect(window.handledOffset == window.consumedOffset)
    }

    @Test func aQuarterOfAWindowIsTimed() {
        var window = ReceiveWindow(initialBytes: 16_000)
        #expect(window.handle(4_000, at: moment(5)) == 0)
        #expect(window.handle(3_999, at: moment(6)) == nil)
        #expect(window.handle(1, at: moment(26)) == 20_000_000)
    }

    @Test func aLargerWindowIsCreditedAtOnce() {
        var window = ReceiveWindow(initialBytes: 8_000)
        window.consume(4_000)
        window.resize(to: 16_000)
        #expect(window.takeCredit() == 12_000)
        #expect(window.outstandingBytes == 16_000)
    }

    @Test func aSmallerWindowIsNeverTakenBack() {
        var window = ReceiveWindow(initialBytes: 8_000)
        window.resize(to: 64_000)
        _ = window.takeCredit()
        window.resize(to: 8_000)
        #expect(window.takeCredit() == 0)
        #expect(window.outstandingBytes == 64_000)
        // It shrinks as its bytes are consumed, and no credit is given for them until it has.
        window.consume(56_000)
        #expect(window.takeCredit() == 0)
        #expect(window.outstandingBytes == 8_000)
        window.consume(1_000)
        #expect(window.takeCredit() == 1_000)
    }
}

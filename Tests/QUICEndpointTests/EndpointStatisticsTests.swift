import QUICTransport
import Testing

@testable import QUICEndpoint

/// The statistics of several workers together.
@Suite struct EndpointStatisticsTests {
    /// Every number in `value` by its name, also those of the structures in it.
    private func numbers(in value: Any, prefix: String = "") -> [String: Int] {
        Mirror(reflecting: value).children.reduce(into: [:]) { numbers, child in
            let name = prefix + (child.label ?? "?")
            if let number = child.value as? Int {
                numbers[name] = number
            } else if Mirror(reflecting: child.value).displayStyle == .struct {
                numbers.merge(self.numbers(in: child.value, prefix: "\(name).")) { first, _ in first }
            }
        }
    }

    @Test func everyNumberOfEveryWorkerIsAdded() {
        var worker = EndpointStatistics()
        worker.connections.created = 1
        worker.connections.closed = 2
        worker.connections.handshaking = 3
        worker.connections.established = 4
        worker.connections.closing = 5
        worker.connections.draining = 6
        worker.connections.handshakesCompleted = 7
        (worker.connectionIDs, worker.sources, worker.deadlines, worker.tableBytes) = (8, 9, 10, 11)
        (worker.retainedBytes, worker.usedBytes, worker.committedBytes) = (12, 13, 14)
        worker.received.count(15)
        worker.transmitted.count(16)
        worker.addressTokens.retried = 17
        worker.addressTokens.known = 18
        worker.addressTokens.spent = 19
        (worker.versionNegotiations, worker.retries, worker.statelessResets) = (20, 21, 22)
        worker.datagramFrames.received = 30
        worker.datagramFrames.sent = 31
        worker.datagramFrames.dropped = 32
        worker.earlyData.offered = 33
        worker.earlyData.accepted = 34
        worker.earlyData.rejected = 35
        worker.earlyData.heldBack = 36
        (worker.handshakes.waiting, worker.handshakes.waited) = (37, 38)
        worker.ecnMarks = [23, 24, 25, 26]
        worker.drops = [.empty: 27]
        worker.admissions = ["accept": 28]
        worker.connections.closedByCause = ["shutdown": 29]
        var sum = worker
        sum += worker
        let (one, both) = (numbers(in: worker), numbers(in: sum))
        #expect(one.count >= 24)
        for (name, number) in one where !name.hasPrefix("ledgerTotal") {
            #expect(number > 0, "the test gives \(name) no number")
            #expect(both[name] == 2 * number, "\(name)")
        }
        #expect(sum.ecnMarks == [46, 48, 50, 52])
        #expect(sum.drops == [.empty: 54])
        #expect(sum.admissions == ["accept": 56])
        #expect(sum.connections.closedByCause == ["shutdown": 58])
    }
}

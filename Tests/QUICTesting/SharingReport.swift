internal import Datagrams
package import QUICTransport

/// The outcome of as many transfers at once as there are connections on a shared link.
package struct SharingReport: CustomStringConvertible {
    /// Transfers that did not end whole.
    package private(set) var unfinished = 0
    /// Jain's index of the rates: (Σx)² / (n Σx²), 1 when all are equal. R. Jain et al., DEC-TR-301.
    package private(set) var jainIndex = 0.0
    /// From the first begin to the last end.
    package private(set) var elapsed = Duration.zero
    /// The slowest and the fastest transfer, in bytes a second.
    package private(set) var slowest = 0.0
    package private(set) var fastest = 0.0
    /// The share of the link's capacity towards the clients that was used, and the same of the other direction.
    package private(set) var utilisation = 0.0
    package private(set) var upwardUtilisation = 0.0
    /// Datagrams that the link carried, and those that found its queue full.
    package private(set) var datagrams = 0
    package private(set) var droppedDatagrams = 0
    /// The most bytes that the server held for all connections at once, since it was made.
    package internal(set) var peakBytes = 0
    /// What the server held for all, before the first begin and ten seconds after the last end.
    package internal(set) var heldBytesBefore = 0
    package internal(set) var heldBytesAfter = 0
    /// What it held for the connection that held most.
    package internal(set) var mostHeldByOneBefore = 0
    package internal(set) var mostHeldByOneAfter = 0
    /// The largest receive window of a connection ten seconds later, and the most that one borrowed then beside what ngtcp2's
    /// pools keep.
    package internal(set) var largestWindowAfter = 0
    package internal(set) var mostBorrowedAfter = 0
    /// How connections ended, at the server and at the clients.
    package internal(set) var closes: [CloseCause] = []

    /// The figures in a sentence.
    package var description: String {
        """
        \(unfinished) unfinished, Jain's index \(rounded(jainIndex)), utilisation \(rounded(utilisation)) down and \
        \(rounded(upwardUtilisation)) up in \(rounded(seconds)) s, \(Int(slowest)) to \(Int(fastest)) B/s each, \
        \(datagrams) datagrams, \(droppedDatagrams) dropped; held \(heldBytesBefore) B, \(peakBytes) at most, \
        \(heldBytesAfter) ten seconds later; by one connection \(mostHeldByOneBefore) and \(mostHeldByOneAfter) B; \
        closed \(closes.map(\.label))
        """
    }

    mutating func add(_ transfers: [Transfer], since begin: MonotonicInstant) {
        let rates = transfers.compactMap(\.bytesPerSecond)
        unfinished = transfers.count - rates.count
        slowest = rates.min() ?? 0
        fastest = rates.max() ?? 0
        jainIndex = Self.jainIndex(of: rates)
        elapsed = begin.duration(to: transfers.compactMap(\.end).max() ?? begin)
    }

    mutating func add(_ links: SimulatedNetwork.Bottleneck, since before: SimulatedNetwork.Bottleneck) {
        let down = links.toClients.sentBytes - before.toClients.sentBytes
        let upward = links.toServer.sentBytes - before.toServer.sentBytes
        utilisation = links.toClients.utilisation(ofBytes: down, in: elapsed)
        upwardUtilisation = links.toServer.utilisation(ofBytes: upward, in: elapsed)
        datagrams = links.sentDatagrams - before.sentDatagrams
        droppedDatagrams = links.droppedDatagrams - before.droppedDatagrams
    }

    /// Jain's index of `rates`; 0 where there are none.
    package static func jainIndex(of rates: [Double]) -> Double {
        let sum = rates.reduce(0, +)
        let squares = rates.reduce(0) { $0 + $1 * $1 }
        return squares > 0 ? sum * sum / (Double(rates.count) * squares) : 0
    }

    private var seconds: Double { elapsed / .seconds(1) }

    private func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
}

extension SimulatedNetwork.Bottleneck {
    /// Datagrams sent in both directions.
    var sentDatagrams: Int { toServer.sentDatagrams + toClients.sentDatagrams }
    /// Datagrams dropped in both directions.
    var droppedDatagrams: Int { toServer.droppedDatagrams + toClients.droppedDatagrams }
}

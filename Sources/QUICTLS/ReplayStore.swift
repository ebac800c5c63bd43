import Synchronization

/// The ClientHellos whose early data was accepted, so that none is accepted twice. RFC 8446 §8.2.
///
/// Workers of one server share it: a replay may reach another worker than the original did. A ClientHello is known by its binder,
/// an HMAC over all of it with the key of its ticket. It is remembered for as long as GnuTLS accepts the ticket, by the clock that
/// GnuTLS goes by, which is the system's. A clock that was set back would make tickets valid again that were forgotten already: until
/// it is past the latest moment it has shown, nothing is accepted.
///
/// Owns: two tables, one in use and one from before, of 8 bytes for each place; none before the first ClientHello. Released by: time, a
/// lifetime after the last ClientHello, when the next one comes or ``statistics(at:)`` looks. Bound: `bytesLimit`; a table that is three
/// quarters full takes no more, and early data is refused.
package final class ReplayStore: Sendable {
    /// Why early data is refused.
    package enum Refusal: Sendable, Hashable {
        /// The same ClientHello was accepted before.
        case replayed
        /// There is no room to remember another one.
        case full
        /// The system's clock was set back.
        case clockSetBack
    }

    private struct State {
        var current = FingerprintTable()
        var previous = FingerprintTable()
        /// When the table in use began, in seconds since 1970.
        var beganAt: UInt64 = 0
        var latest: UInt64 = 0
        var statistics = ReplayStoreStatistics()
    }

    private let state = Mutex(State())
    private let placeCount: Int
    private let lifetimeSeconds: UInt64

    /// - Parameters:
    ///   - bytesLimit: The bytes of both tables together, at least 4 KiB.
    ///   - lifetimeSeconds: For how long a ClientHello is remembered, at least.
    package init(bytesLimit: Int, lifetimeSeconds: UInt64) {
        placeCount = Self.placeCount(ofBytes: bytesLimit)
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// Remembers the ClientHello with `binder`, whose early data is accepted then.
    ///
    /// - Parameter time: Seconds since 1970, as GnuTLS has them.
    /// - Returns: Why its early data is not accepted; nil when it is.
    package func admit(_ binder: [UInt8], at time: UInt64) -> Refusal? {
        // Keyed for each process: nobody can choose binders that fill one part of a table.
        var hasher = Hasher()
        unsafe binder.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        let fingerprint = UInt64(bitPattern: Int64(hasher.finalize()))
        return state.withLock { state in
            let refusal = admit(fingerprint, at: time, &state)
            switch refusal {
            case nil: break
            case .replayed: state.statistics.replayed += 1
            case .full: state.statistics.refusedFull += 1
            case .clockSetBack: state.statistics.refusedClock += 1
            }
            return refusal
        }
    }

    private func admit(_ fingerprint: UInt64, at time: UInt64, _ state: inout State) -> Refusal? {
        guard time >= state.latest else { return .clockSetBack }
        state.latest = time
        rotate(&state, at: time)
        if state.previous.contains(fingerprint) || state.current.contains(fingerprint) { return .replayed }
        if state.current.isEmpty { state.current = FingerprintTable(placeCount: placeCount) }
        return state.current.insert(fingerprint) ? nil : .full
    }

    /// A table is filled for one lifetime and asked for another. Tickets live whole seconds, so one is added.
    private func rotate(_ state: inout State, at time: UInt64) {
        let period = lifetimeSeconds + 1
        guard time - state.beganAt >= period else { return }
        let isRecent = time - state.beganAt < 2 * period
        state.previous = isRecent ? state.current : FingerprintTable()
        state.current = FingerprintTable()
        state.beganAt = isRecent ? state.beganAt + period : time
    }

    /// Its contents at `time`, in seconds since 1970, and its refusals since its start.
    package func statistics(at time: UInt64) -> ReplayStoreStatistics {
        state.withLock { state in
            if time >= state.latest { rotate(&state, at: time) }
            state.statistics.bytes = state.current.bytes + state.previous.bytes
            state.statistics.entries = state.current.count + state.previous.count
            return state.statistics
        }
    }

    /// How many ClientHellos a store of `bytes` remembers of one lifetime.
    package static func entriesLimit(ofBytes bytes: Int) -> Int {
        FingerprintTable.countLimit(ofPlaces: placeCount(ofBytes: bytes))
    }

    /// The largest power of two of which two tables fit.
    private static func placeCount(ofBytes bytes: Int) -> Int {
        let places = max(1, bytes / 2 / FingerprintTable.placeBytes)
        return 1 << (Int.bitWidth - 1 - places.leadingZeroBitCount)
    }
}

/// The contents of the store of accepted ClientHellos, and its refusals since its start.
public struct ReplayStoreStatistics: Sendable, Hashable {
    /// Bytes of its tables; none while nothing is in them.
    public package(set) var bytes = 0
    /// ClientHellos that it remembers.
    public package(set) var entries = 0
    /// ClientHellos that had been accepted before.
    public package(set) var replayed = 0
    /// ClientHellos for which there was no room.
    public package(set) var refusedFull = 0
    /// ClientHellos that came while the system's clock was behind a moment it had shown before.
    public package(set) var refusedClock = 0

    /// Nothing.
    public init() {}
}

/// A set of numbers in a table that never grows.
///
/// Owns: 8 bytes for each place. Released by: its end.
private struct FingerprintTable {
    static let placeBytes = MemoryLayout<UInt64>.stride

    private var places: [UInt64] = []
    private(set) var count = 0

    init() {}

    /// - Parameter placeCount: A power of two.
    init(placeCount: Int) {
        precondition(placeCount > 0 && placeCount & (placeCount - 1) == 0)
        places = [UInt64](repeating: 0, count: placeCount)
    }

    static func countLimit(ofPlaces count: Int) -> Int { count / 4 * 3 }

    var isEmpty: Bool { places.isEmpty }
    var bytes: Int { places.count * Self.placeBytes }

    func contains(_ number: UInt64) -> Bool {
        guard !places.isEmpty else { return false }
        return places[place(of: Self.marked(number))] != 0
    }

    /// Adds `number`, which is not there; false when there is no room.
    mutating func insert(_ number: UInt64) -> Bool {
        guard count < Self.countLimit(ofPlaces: places.count) else { return false }
        let number = Self.marked(number)
        places[place(of: number)] = number
        count += 1
        return true
    }

    /// 0 is a place that is free.
    private static func marked(_ number: UInt64) -> UInt64 { max(1, number) }

    /// Where `number` is, or would be. A quarter of the places is free, so the search ends.
    private func place(of number: UInt64) -> Int {
        let mask = places.count - 1
        var index = Int(truncatingIfNeeded: number) & mask
        while places[index] != 0, places[index] != number { index = (index + 1) & mask }
        return index
    }
}

public import Datagrams
import Synchronization

/// Remembers which tokens were used, so that each counts once. RFC 9000 §8.1.4: servers SHOULD ensure that tokens are only
/// accepted for a short time, and are encouraged to allow tokens to be used only once, if possible.
///
/// Two Bloom filters for each kind: the present one, and the one before it, which together remember at least a token's
/// lifetime. A token may be taken for a used one by mistake, never the other way round; whoever brings it then
/// has not proven its address, and nothing else happens to it. One in a thousand is, of 25,000 in a lifetime.
///
/// Workers of one server share it. A process does not know what its predecessor has seen.
///
/// Owns: nothing until the first token, then 128 KiB for each kind. Released by: `deinit`. Bound: those.
public final class OneTimeTokens: Sendable {
    /// What a token was made for.
    public enum Kind: Sendable {
        /// To answer a Retry.
        case retry
        /// For a later connection.
        case regular
    }

    private let filters: Mutex<Filters>

    private struct Filters {
        var retry = RotatingFilter(period: AddressValidation.retryTokenLifetime)
        var regular = RotatingFilter(period: AddressValidation.regularTokenLifetime)
    }

    /// Nothing is used yet.
    public init() {
        filters = Mutex(Filters())
    }

    /// Uses a token that was found to be good; false when it was used before.
    public func spend(_ token: [UInt8], of kind: Kind, at now: MonotonicInstant) -> Bool {
        // Keyed for each process: tokens that are all taken for each other cannot be chosen.
        var hasher = Hasher()
        unsafe token.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        return filters.withLock { filters in
            switch kind {
            case .retry: filters.retry.insert(hash, at: now)
            case .regular: filters.regular.insert(hash, at: now)
            }
        }
    }
}

/// Two Bloom filters of 2¹⁹ bits that take turns: each is filled for a period, and asked for another.
struct RotatingFilter {
    private static let bitCountLog2: UInt64 = 19
    private static let probes = 4

    private let period: Duration
    private var current: [UInt64] = []
    private var previous: [UInt64] = []
    private var rotatesAt: MonotonicInstant?

    /// - Parameter period: How long it remembers, at least.
    init(period: Duration) {
        self.period = period
    }

    /// Adds what has this hash; false when it seems to be there already.
    mutating func insert(_ hash: UInt64, at now: MonotonicInstant) -> Bool {
        rotate(at: now)
        if current.isEmpty { current = [UInt64](repeating: 0, count: 1 << (Self.bitCountLog2 - 6)) }
        // Four independent positions of 16 bits each would not do: 19 bits are taken from a multiple of the hash.
        var isInCurrent = true
        var isInPrevious = !previous.isEmpty
        var mixed = hash
        for _ in 0..<Self.probes {
            mixed = mixed &* 0x9e37_79b9_7f4a_7c15 &+ 0x2545_f491_4f6c_dd1d
            let position = mixed >> (64 - Self.bitCountLog2)
            let (word, bit) = (Int(position >> 6), UInt64(1) << (position & 63))
            isInCurrent = isInCurrent && current[word] & bit != 0
            isInPrevious = isInPrevious && previous[word] & bit != 0
            current[word] |= bit
        }
        return !isInCurrent && !isInPrevious
    }

    private mutating func rotate(at now: MonotonicInstant) {
        guard let next = rotatesAt else {
            rotatesAt = now.advanced(by: period)
            return
        }
        guard now >= next else { return }
        // Later than two periods nothing is remembered that could still be used.
        previous = now < next.advanced(by: period) ? current : []
        current = []
        rotatesAt = now.advanced(by: period)
    }
}

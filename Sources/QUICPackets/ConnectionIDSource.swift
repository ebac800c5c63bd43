/// Makes connection IDs: the worker's index, then random bytes that nobody can guess. RFC 9000 §5.1.
public struct ConnectionIDSource: RandomNumberGenerator {
    private let workerIndex: UInt8
    /// The state of a repeatable generator; nil for the system's.
    private var state: UInt64?

    /// - Parameter seed: For simulations, which must be repeatable; nil for the system's random source.
    public init(workerIndex: UInt8, seed: UInt64? = nil) {
        self.workerIndex = workerIndex
        state = seed
    }

    /// A connection ID that leads to this worker.
    public mutating func makeConnectionID() -> ConnectionID {
        makeConnectionID(firstByte: workerIndex)
    }

    /// A connection ID a client makes up for a server it does not know yet. RFC 9000 §7.2.
    public mutating func makeInitialDestination() -> ConnectionID {
        makeConnectionID(firstByte: UInt8(truncatingIfNeeded: next()))
    }

    private mutating func makeConnectionID(firstByte: UInt8) -> ConnectionID {
        var bytes = InlineArray<12, UInt8>(repeating: firstByte)
        let words = (next(), next())
        for index in 1..<ConnectionID.issuedBytes {
            let word = index < 8 ? words.0 : words.1
            bytes[index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * (index % 8)))
        }
        guard let id = unsafe ConnectionID(bytes.span.bytes) else {
            preconditionFailure("12 bytes make a connection ID")
        }
        return id
    }

    /// SplitMix64 for simulations, the system's generator otherwise.
    public mutating func next() -> UInt64 {
        guard let seed = state else {
            var system = SystemRandomNumberGenerator()
            return system.next()
        }
        let advanced = seed &+ 0x9e37_79b9_7f4a_7c15
        state = advanced
        var mixed = (advanced ^ (advanced >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

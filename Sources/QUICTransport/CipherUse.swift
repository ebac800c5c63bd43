import Datagrams

/// Watches whether the ciphers of a connection's keys are used, and gives them back once it is quiet.
///
/// They take 3.0 KB, and about 2 µs to be made again. A connection with a message a second keeps them.
struct CipherUse {
    /// How long ciphers stay at least.
    private static let periodNanoseconds: UInt64 = 2_000_000_000
    /// How long nothing has happened by then to a connection that is quiet.
    private static let quietNanoseconds: UInt64 = 1_000_000_000

    /// When to look whether the connection is quiet; the distant future while there are no ciphers.
    private(set) var deadline = MonotonicInstant.distantFuture

    /// Packets were written or read.
    mutating func note(_ keys: borrowing ProtectionKeys, at now: MonotonicInstant) {
        guard deadline == .distantFuture, keys.hasCiphers else { return }
        deadline = now.advanced(byNanoseconds: Self.periodNanoseconds)
    }

    /// Gives the ciphers back if ``deadline`` has come and the connection is quiet.
    ///
    /// - Parameter latest: When something last happened to the connection.
    mutating func review(_ keys: borrowing ProtectionKeys, since latest: MonotonicInstant, at now: MonotonicInstant) {
        guard now >= deadline else { return }
        deadline = .distantFuture
        if now.nanoseconds(since: latest) >= Self.quietNanoseconds {
            keys.closeCiphers()
        } else {
            note(keys, at: now)
        }
    }
}

import Datagrams

/// The keys of address validation tokens: one for each period of time, so that none is in use for ever. RFC 9000 §8.1.4.
///
/// All are derived from one secret and the period's number. Servers that share it and whose clocks agree have the same
/// keys without a word to each other, be they one after the other or behind one address.
public struct TokenKeys: Sendable {
    /// What the keys are derived from.
    public var secret: EndpointSecret
    /// How long one of them is in use; it is accepted as long again. Default 24 h.
    public var lifetime = Duration.seconds(86_400)
    /// What makes an endpoint's moment a time that other processes know as well, such as that since 1970. Default 0.
    public var clockOffset = Duration.zero

    /// Keys derived from `secret`.
    public init(secret: EndpointSecret = EndpointSecret()) {
        self.secret = secret
    }

    /// The time that tokens have in them for the moment `now`.
    func time(at now: MonotonicInstant) -> MonotonicInstant {
        now.advanced(by: clockOffset)
    }

    /// The key to write tokens with at a time of ``time(at:)``.
    func current(at time: MonotonicInstant) -> EndpointSecret {
        secret.derived(for: period(of: time))
    }

    /// The key that was in use before.
    func previous(at time: MonotonicInstant) -> EndpointSecret {
        secret.derived(for: period(of: time) &- 1)
    }

    private func period(of time: MonotonicInstant) -> UInt64 {
        time.nanoseconds / UInt64(max(1, lifetime.wholeNanoseconds))
    }
}

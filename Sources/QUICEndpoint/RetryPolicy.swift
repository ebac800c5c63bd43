/// When a client has to prove its address before the server keeps anything for it. RFC 9000 §8.1.2.
public enum RetryPolicy: String, Sendable, CaseIterable {
    /// When more handshakes are in flight than ``AdmissionLimits/handshakesBeforeRetry``.
    case auto
    /// Always, unless it brings a token of an earlier connection.
    case always
    /// Never.
    case never
}

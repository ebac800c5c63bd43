/// How one connection ended. Every connection of a run has exactly one outcome.
public enum ConnectionOutcome: Sendable, Hashable {
    /// It did all its mode asks for.
    case completed
    /// The server refused it: CONNECTION_REFUSED (RFC 9000 §20.1), or an ICMP port unreachable.
    case refused
    /// The handshake was not done when the dial deadline came.
    case timedOut
    /// A TLS alert with this code ended it (RFC 9001 §4.8).
    case alert(UInt8)
    /// The server's certificate did not stand up to verification.
    case certificateInvalid
    /// A stateless reset ended it (RFC 9000 §10.3).
    case reset
    /// No common QUIC version (RFC 9000 §6).
    case versionNegotiationFailed
    /// The server closed it before it was done.
    case closedByPeer
    /// Some other transport error ended it.
    case transportError
    /// The message had not come back when the echo deadline came.
    case echoTimedOut
    /// The bytes that came back are not the bytes that were sent.
    case echoMismatch
    /// The idle timeout ended it (RFC 9000 §10.1).
    case idleTimedOut
    /// The run ended first.
    case cancelled

    /// Every outcome but ``alert(_:)``, which has one per code.
    public static let withoutAlerts: [ConnectionOutcome] = [
        .completed, .refused, .timedOut, .certificateInvalid, .reset, .versionNegotiationFailed, .closedByPeer,
        .transportError,
        .echoTimedOut, .echoMismatch, .idleTimedOut, .cancelled,
    ]

    /// Whether the connection did not do all its mode asks for.
    public var isFailure: Bool { self != .completed }

    /// The outcome's key in JSON, such as `timed_out` or `alert_120`.
    public var label: String {
        switch self {
        case .completed: "completed"
        case .refused: "refused"
        case .timedOut: "timed_out"
        case .alert(let code): "alert_\(code)"
        case .certificateInvalid: "certificate_invalid"
        case .reset: "reset"
        case .versionNegotiationFailed: "version_negotiation_failed"
        case .closedByPeer: "closed_by_peer"
        case .transportError: "transport_error"
        case .echoTimedOut: "echo_timed_out"
        case .echoMismatch: "echo_mismatch"
        case .idleTimedOut: "idle_timed_out"
        case .cancelled: "cancelled"
        }
    }

    /// The outcome with this ``label``; nil when there is none.
    public init?(label: String) {
        if let outcome = Self.withoutAlerts.first(where: { $0.label == label }) {
            self = outcome
        } else if label.hasPrefix("alert_"), let code = UInt8(label.dropFirst("alert_".count)) {
            self = .alert(code)
        } else {
            return nil
        }
    }

    /// The outcome in words, such as `timed out` or `alert 120 (no_application_protocol)`.
    public var title: String {
        guard case .alert(let code) = self else { return label.replacing("_", with: " ") }
        return TLSAlertName.of(code).map { "alert \(code) (\($0))" } ?? "alert \(code)"
    }
}

internal import QUICServer

/// An option whose value does not make sense by itself or beside the others.
package struct OptionError: Error, Hashable, CustomStringConvertible {
    /// The option with its value, and what is accepted.
    package let description: String

    /// The configuration refuses the value that an option gave it, or the values contradict each other.
    init(_ error: ServerError) {
        guard case .value(let refused) = error else {
            description = error.description
            return
        }
        let option = Self.options[refused.property].map { "--\($0)" } ?? refused.property
        description = "\(option) \(refused.value) is not accepted: use \(refused.accepted)"
    }

    /// The values contradict each other; the sentence has the arithmetic.
    init(contradiction: String) {
        description = contradiction
    }

    /// Another option has to be given as well.
    init(option: String, value: String, needs other: String) {
        description = "--\(option) \(value) needs --\(other): give both, or neither for a self-signed certificate"
    }

    /// The options that set properties which have a range of their own.
    static let options = [
        "workerCount": "workers",
        "eventLogCapacity": "event-log",
        "tokenKeys.lifetime": "token-key-lifetime",
        "admission.connectionsPerSource": "connections-per-source",
        "admission.handshakesPerSource": "handshakes-per-source",
        "transport.idleTimeout": "idle-timeout",
        "transport.handshakeTimeout": "handshake-timeout",
        "transport.noProgressTimeout": "no-progress-timeout",
        "transport.lifetime": "connection-lifetime",
        "transport.minimumProgressBytes": "minimum-progress",
        "transport.uselessPacketsPerSecond": "useless-packets",
        "transport.uselessPacketsPerSecondWhenBusy": "useless-packets-when-busy",
        "transport.streamWindow": "stream-window",
        "transport.connectionWindow": "connection-window",
    ]
}

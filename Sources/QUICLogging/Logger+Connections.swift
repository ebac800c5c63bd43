#if Logging
public import Logging
import QUICEndpoint
public import QUICServer
public import QUICTransport

extension Connection {
    /// The connection in a log line: `quic.connection`, and as far as they are known `quic.remote` and `quic.protocol`.
    ///
    /// Cost: three strings. Make it once for each connection rather than for each line: the client's address may change, the rest does not.
    public var loggingMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["quic.connection": .string(handle.text)]
        metadata["quic.remote"] = path.map { .string("\($0.remote)") }
        metadata["quic.protocol"] = applicationProtocol.map { .string(onOneLine($0)) }
        return metadata
    }
}

extension CloseReport {
    /// How a connection ended in a log line: `quic.close.cause`, and where an application closed it `quic.close.code` and
    /// `quic.close.reason`.
    ///
    /// The reason phrase is the peer's, of 256 bytes at most; its control characters are escaped, so that it cannot begin a line of its own.
    public var loggingMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["quic.close.cause": .string(cause.label)]
        metadata["quic.close.code"] = applicationCode.map { .stringConvertible($0) }
        if !reasonPhrase.isEmpty { metadata["quic.close.reason"] = .string(onOneLine(reasonPhrase)) }
        return metadata
    }
}

extension ServerEvent {
    /// The event in a log line: `quic.event`, `quic.worker`, `quic.count`, and as far as there are any `quic.cause`, `quic.connection`,
    /// `quic.remote`, `quic.live_bytes` and `quic.peak_bytes`, with the values that the fields of `GET /events` have.
    public var loggingMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "quic.event": .string(event.kind.label),
            "quic.worker": .stringConvertible(worker),
            "quic.count": .stringConvertible(event.count),
        ]
        metadata["quic.cause"] = event.kind.causeLabel.map { .string($0) }
        metadata["quic.remote"] = event.remote.map { .string("\($0)") }
        if let connection = event.connection {
            metadata["quic.connection"] = .string(connection.text)
            metadata["quic.live_bytes"] = .stringConvertible(event.liveBytes)
            metadata["quic.peak_bytes"] = .stringConvertible(event.peakBytes)
        }
        return metadata
    }
}

extension ConnectionHandle {
    /// Slot and generation. With the worker before it, it is the identifier that `GET /connections` shows.
    fileprivate var text: String { "\(index)-\(generation)" }
}

/// `text` without characters that end a line or steer a terminal.
private func onOneLine(_ text: String) -> String {
    func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
    guard text.unicodeScalars.contains(where: isEscaped) else { return text }
    return text.unicodeScalars.reduce(into: "") { escaped, scalar in
        escaped += isEscaped(scalar) ? scalar.escaped(asASCII: true) : String(scalar)
    }
}
#else
#error("QUICLogging needs a trait where this package is named: .package(…, traits: [\"Logging\"])")
#endif

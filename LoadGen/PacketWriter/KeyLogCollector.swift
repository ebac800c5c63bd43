internal import Synchronization

/// Keeps the latest lines of a client's key log, in the format of `SSLKEYLOGFILE`.
///
/// Owns: up to 16 lines, about 3 KB. Released by: ``takeSecrets()``, which removes them, or its end. Bound: the oldest line goes.
package final class KeyLogCollector: Sendable {
    /// A connection has five lines.
    private static let linesLimit = 16
    private let kept = Mutex<[String]>([])

    package init() {}

    /// The lines, oldest first.
    package var lines: [String] { kept.withLock { $0 } }

    /// Keeps `line`.
    package func append(_ line: String) {
        kept.withLock { kept in
            kept.append(line)
            if kept.count > Self.linesLimit { kept.removeFirst() }
        }
    }

    /// The secrets of the latest connection that has both of its traffic secrets; removes all lines.
    package func takeSecrets() -> TrafficSecrets? {
        let lines = kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
        return TrafficSecrets(keyLog: lines)
    }
}

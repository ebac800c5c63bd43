/// How much a ``QlogDirectory`` may take of a file system.
public struct QlogLimits: Sendable, Hashable {
    /// Bytes of one file, the log of one connection, which ends with the last record that fits. Default 4 MiB, about 20,000 packets.
    public var fileBytesLimit = 4 << 20
    /// Files in the directory, those of earlier processes among them; further connections have no log. Default 1,000.
    public var fileLimit = 1_000
    /// Bytes of all files in the directory together, those of earlier processes among them. Default 1 GiB.
    public var directoryBytesLimit = 1 << 30

    /// The defaults.
    public init() {}

    /// The values accepted for ``fileBytesLimit``: a record has 4 KiB at most.
    public static let fileBytesAccepted = 4_096...(1 << 40)
    /// The values accepted for ``fileLimit``.
    public static let filesAccepted = 1...1_000_000
    /// The values accepted for ``directoryBytesLimit``.
    public static let directoryBytesAccepted = 4_096...(1 << 50)

    /// The first value that is not accepted, in a sentence; nil where there is none.
    var flaw: String? {
        let values = [
            ("bytes of a file", fileBytesLimit, Self.fileBytesAccepted),
            ("files", fileLimit, Self.filesAccepted),
            ("bytes in all files", directoryBytesLimit, Self.directoryBytesAccepted),
        ]
        return values.first { !$0.2.contains($0.1) }
            .map { "\($0.1) \($0.0) were asked for; accepted are \($0.2.lowerBound) to \($0.2.upperBound)" }
    }
}

/// The reason why there is no ``QlogDirectory``.
public enum QlogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A peer could end the process by its transport parameters with the linked version of ngtcp2: CVE-2026-40170.
    case unsafeLibrary(version: String)
    /// A limit that is not accepted, in a sentence.
    case limit(String)
    /// The directory at `path` takes no files; `reason` is the system's.
    case directory(path: String, reason: String)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .unsafeLibrary(let version):
            "a qlog is not safe with ngtcp2 \(version): a peer can overflow its stack by transport parameters (CVE-2026-40170); "
                + "accepted is ngtcp2 1.22.1 or newer"
        case .limit(let sentence):
            "a qlog directory with these limits is not accepted: \(sentence)"
        case .directory(let path, let reason):
            "cannot write qlog files to \(path): \(reason); accepted is a directory that exists and that this user may write to"
        }
    }
}

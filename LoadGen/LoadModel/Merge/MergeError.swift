/// Why reports cannot be merged.
public enum MergeError: Error, Equatable, CustomStringConvertible {
    /// There is no report.
    case nothing
    /// Two reports have different schema versions, or one has a version that is not understood.
    case schemaVersions(String, Int, String, Int)
    /// A report's schema version is not understood.
    case unknownSchemaVersion(String, Int)
    /// Two reports are of different runs: what differs, and what each says.
    case differs(String, String, in: String, String, String)
    /// Two reports are of the same generator's run.
    case same(String, String)
    /// A report has no histograms, so its latencies cannot be added to others'.
    case noHistograms(String)
    /// All reports together have more latencies, or generators, than are counted.
    case tooMany(String)

    /// A sentence for people, naming the reports.
    public var description: String {
        switch self {
        case .nothing: "there is no report to merge"
        case .schemaVersions(let first, let version, let second, let other):
            "\(first) has schema version \(version) and \(second) has \(other): merge reports of one version"
        case .unknownSchemaVersion(let name, let version):
            "\(name) has schema version \(version), \(LoadReport.currentSchemaVersion) is understood"
        case .differs(let first, let second, let field, let value, let other):
            "\(first) and \(second) are not of one run: their \(field) is \(value) and \(other)"
        case .same(let first, let second): "\(first) and \(second) are the same report: each may be given once"
        case .noHistograms(let name): "\(name) has no histograms: its latencies cannot be added to others"
        case .tooMany(let what): "the reports have too many \(what) together"
        }
    }
}

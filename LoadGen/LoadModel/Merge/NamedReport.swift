/// A report and where it came from, to name it in errors.
public struct NamedReport: Sendable {
    /// What errors call the report: its file.
    public let name: String
    /// The report.
    public let report: LoadReport

    /// `report`, from `name`.
    public init(name: String, report: LoadReport) {
        self.name = name
        self.report = report
    }
}

/// The part of a report's JSON that says how to read the rest. Read it first: a report of another version may not
/// decode.
public struct ReportHeader: Sendable, Codable {
    /// The version of the JSON.
    public let schemaVersion: Int

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
    }

    /// Makes sure that reports with these headers, each with its name, can be merged.
    ///
    /// - Throws: ``MergeError`` naming two reports of different versions, or the first of an unknown version.
    public static func check(_ headers: [(name: String, header: ReportHeader)]) throws(MergeError) {
        guard let first = headers.first else { throw .nothing }
        let version = first.header.schemaVersion
        for (name, header) in headers where header.schemaVersion != version {
            throw .schemaVersions(first.name, version, name, header.schemaVersion)
        }
        guard version == LoadReport.currentSchemaVersion else { throw .unknownSchemaVersion(first.name, version) }
    }
}

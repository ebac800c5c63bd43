/// Which way the bytes of ``LoadMode/bulk`` go.
public enum BulkDirection: String, Sendable, CaseIterable, Codable {
    /// To the server: the body of an HTTP/3 request.
    case upload
    /// To the server and back.
    case echo
    /// From the server: the answer to a request for so many bytes.
    case download

    /// The application protocols that carry it.
    var applicationProtocols: [String] {
        switch self {
        case .upload: ["h3"]
        case .echo: ["echo"]
        case .download: ["hq-interop", "h3"]
        }
    }
}

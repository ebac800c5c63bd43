/// A response of an HTTP/1.1 server, read from the bytes it sent.
public struct HTTPResponse: Sendable, Equatable {
    /// Why bytes are not a response.
    public enum ParsingError: Error, Equatable, CustomStringConvertible {
        /// The head does not begin with `HTTP/1.x` and a status.
        case malformed
        /// The body comes in a transfer coding, which is not understood here.
        case transferCoding
        /// The server ended the connection before its response was complete.
        case truncated

        /// What is wrong, for a reader.
        public var description: String {
            switch self {
            case .malformed: "the answer is not HTTP/1.1"
            case .transferCoding: "the answer comes in a transfer coding, Content-Length is expected"
            case .truncated: "the answer ended early"
            }
        }
    }

    /// The status code.
    public let status: Int
    /// The body.
    public let body: [UInt8]

    /// Reads a response; nil when more bytes are needed.
    ///
    /// - Parameters:
    ///   - bytes: Everything received so far.
    ///   - isComplete: Whether the server ended the connection, so that no more will come.
    public init?(parsing bytes: [UInt8], isComplete: Bool) throws(ParsingError) {
        guard let bodyStart = Self.bodyStart(in: bytes) else {
            if isComplete { throw bytes.isEmpty ? .truncated : .malformed }
            return nil
        }
        let lines = String(decoding: bytes[..<bodyStart], as: UTF8.self).split(separator: "\r\n")
        let fields = Self.fields(in: lines.dropFirst())
        guard let status = lines.first.flatMap(Self.status) else { throw .malformed }
        if fields["transfer-encoding"] != nil { throw .transferCoding }
        let received = bytes.count - bodyStart
        if let text = fields["content-length"] {
            guard let length = Int(text), length >= 0 else { throw .malformed }
            if received < length, isComplete { throw .truncated }
            guard received >= length else { return nil }
            self.body = Array(bytes[bodyStart..<(bodyStart + length)])
        } else {
            // RFC 9112 §6.3: without a length the body lasts until the connection ends.
            guard isComplete else { return nil }
            self.body = Array(bytes[bodyStart...])
        }
        self.status = status
    }

    private static func bodyStart(in bytes: [UInt8]) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        return bytes.indices.dropLast(end.count - 1).first { bytes[$0..<($0 + end.count)].elementsEqual(end) }
            .map { $0 + end.count }
    }

    private static func status(in line: Substring) -> Int? {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1.") else { return nil }
        return Int(parts[1])
    }

    private static func fields(in lines: ArraySlice<Substring>) -> [String: String] {
        let pairs = lines.compactMap { line in
            line.firstIndex(of: ":").map { colon in
                (line[..<colon].lowercased(), line[line.index(after: colon)...].filter { $0 != " " && $0 != "\t" })
            }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}

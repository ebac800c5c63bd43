import LoadModel

/// What one message and its answer look like in an application protocol.
enum ApplicationProfile {
    /// What is sent comes back.
    case echo
    /// A request line is answered with as many bytes as it names.
    case hqInterop
    /// An HTTP/3 request is answered with anything that ends.
    case h3
    /// The body of an HTTP/3 request goes to the server, and is answered with anything that ends.
    case h3Upload
    /// Nothing is known about it: connections shake hands, hold and close.
    case handshakeOnly

    init(_ scenario: LoadScenario) {
        switch scenario.applicationProtocol {
        case "echo": self = .echo
        case "hq-interop": self = .hqInterop
        case "h3": self = scenario.mode == .bulk && scenario.bulkDirection == .upload ? .h3Upload : .h3
        default: self = .handshakeOnly
        }
    }

    /// The unidirectional streams a server needs to be allowed. RFC 9114 §6.2: control and QPACK in HTTP/3.
    var peerUnidirectionalStreams: Int {
        switch self {
        case .h3, .h3Upload: 3
        case .echo, .hqInterop, .handshakeOnly: 0
        }
    }

    /// Whether a stream carries one message and no more.
    var needsFreshStreams: Bool {
        if case .echo = self { false } else { true }
    }

    /// Whether the message itself is sent, after what ``opening(messageBytes:)`` says.
    var sendsMessage: Bool {
        switch self {
        case .echo, .h3Upload: true
        case .hqInterop, .h3, .handshakeOnly: false
        }
    }

    /// What a stream begins with.
    func opening(messageBytes: Int) -> [UInt8] {
        switch self {
        case .echo, .handshakeOnly: []
        case .hqInterop: Array("GET /\(messageBytes)\r\n".utf8)
        case .h3: Self.http3Headers(method: Self.get, path: "/\(messageBytes)")
        case .h3Upload: Self.http3Headers(method: Self.post, path: "/0") + Self.dataFrameHeader(of: messageBytes)
        }
    }

    /// Whether an answer of so many bytes is complete; servers of HTTP/3 send what they like.
    func isComplete(receivedBytes: Int, messageBytes: Int) -> Bool {
        switch self {
        case .h3, .h3Upload: receivedBytes > 0
        case .echo, .hqInterop, .handshakeOnly: receivedBytes == messageBytes
        }
    }

    /// `:method` in the static table of QPACK, as one indexed field line. RFC 9204 §4.5.2 and Appendix A.
    private static let get: UInt8 = 0xd1
    private static let post: UInt8 = 0xd4

    /// A HEADERS frame with a method, https, an authority and `path`, without Huffman coding. RFC 9114 §4.3.1.
    private static func http3Headers(method: UInt8, path: String) -> [UInt8] {
        let authority = "localhost"
        var fields: [UInt8] = [0x00, 0x00, method, 0xd7]
        fields += [0x50, UInt8(authority.utf8.count)] + Array(authority.utf8)
        fields += [0x51, UInt8(path.utf8.count)] + Array(path.utf8)
        return [0x01, UInt8(fields.count)] + fields
    }

    /// The type and length of a DATA frame. RFC 9114 §7.2.1; RFC 9000 §16 for the eight-byte integer.
    private static func dataFrameHeader(of count: Int) -> [UInt8] {
        let length = UInt64(count) | 0xc000_0000_0000_0000
        return [0x00] + (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) }
    }
}

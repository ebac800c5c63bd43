import LoadModel

/// What one message and its answer look like in an application protocol.
enum ApplicationProfile {
    /// What is sent comes back.
    case echo
    /// A request line is answered with as many bytes as it names.
    case hqInterop
    /// An HTTP/3 request is answered with anything that ends.
    case h3
    /// Nothing is known about it: connections shake hands, hold and close.
    case handshakeOnly

    init(_ scenario: LoadScenario) {
        switch scenario.applicationProtocol {
        case "echo": self = .echo
        case "hq-interop": self = .hqInterop
        case "h3": self = .h3
        default: self = .handshakeOnly
        }
    }

    /// Whether a message can be sent at all.
    var hasMessages: Bool {
        if case .handshakeOnly = self { false } else { true }
    }

    /// The unidirectional streams a server needs to be allowed. RFC 9114 §6.2: control and QPACK in HTTP/3.
    var peerUnidirectionalStreams: Int {
        if case .h3 = self { 3 } else { 0 }
    }

    /// The bytes of a request; nil where the message itself is sent.
    func request(messageBytes: Int) -> [UInt8]? {
        switch self {
        case .echo, .handshakeOnly: nil
        case .hqInterop: Array("GET /\(messageBytes)\r\n".utf8)
        case .h3: Self.http3Request(path: "/\(messageBytes)")
        }
    }

    /// A HEADERS frame with GET, https, an authority and `path`, without Huffman coding. RFC 9114 §4.3.1, RFC 9204 §4.5.
    private static func http3Request(path: String) -> [UInt8] {
        let authority = "localhost"
        var fields: [UInt8] = [0x00, 0x00, 0xd1, 0xd7]
        fields += [0x50, UInt8(authority.utf8.count)] + Array(authority.utf8)
        fields += [0x51, UInt8(path.utf8.count)] + Array(path.utf8)
        return [0x01, UInt8(fields.count)] + fields
    }
}

public import QUICServer

/// HTTP/0.9 over QUIC as the QUIC interop runner uses it: `GET /N` is answered with N bytes and FIN.
///
/// The answer is a fixed pattern, generated as it is sent: a gigabyte of it takes no memory.
public final class HQInteropService: StreamService, Sendable {
    /// `hq-interop`.
    public let applicationProtocol = "hq-interop"
    /// GET may be answered twice without harm. RFC 9110 §9.2.2.
    public let acceptsEarlyData = true
    /// The longest answer, in bytes.
    public static let responseBytesLimit: UInt64 = 1 << 30
    /// The application error code of a stream whose request is not understood.
    public static let badRequestCode: UInt64 = 1

    /// An HTTP/0.9 service.
    public init() {}

    /// Collects the request line, and answers it once it is whole.
    public func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        stream.extendCredit(bytes.byteCount)
        guard stream.id.isBidirectional else { return }
        let request = stream.context as? RequestLine ?? RequestLine()
        stream.context = request
        guard !request.isAnswered else { return }
        request.append(bytes)
        guard isFinal || request.isWhole else {
            if request.isTooLong { stream.reset(code: Self.badRequestCode) }
            return
        }
        guard let count = request.responseBytes, count <= Self.responseBytesLimit else {
            return stream.reset(code: Self.badRequestCode)
        }
        request.isAnswered = true
        try stream.finish(generating: count)
    }
}

/// The bytes of one request so far: at most ``limit``.
private final class RequestLine {
    static let limit = 32
    var isAnswered = false
    private(set) var isTooLong = false
    private var text: [UInt8] = []

    var isWhole: Bool { text.last == UInt8(ascii: "\n") }

    func append(_ bytes: RawSpan) {
        guard text.count + bytes.byteCount <= Self.limit else {
            isTooLong = true
            return
        }
        for index in bytes.byteOffsets { text.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
    }

    /// The number in `GET /N`; nil for any other request.
    var responseBytes: UInt64? {
        guard !isTooLong else { return nil }
        let words = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        guard words.count == 2, words[0].elementsEqual("GET".utf8), words[1].first == UInt8(ascii: "/") else {
            return nil
        }
        return UInt64(decimalDigits: words[1].dropFirst())
    }
}

extension UInt64 {
    /// The number these ASCII digits make; nil for none, for anything else, or for more than twelve.
    init?(decimalDigits digits: some Collection<UInt8>) {
        guard (1...12).contains(digits.count) else { return nil }
        self = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            self = self * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
    }
}

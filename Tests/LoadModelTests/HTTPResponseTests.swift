import LoadModel
import Testing

@Suite struct HTTPResponseTests {
    private static let whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCONTENT-LENGTH:  4\r\n\r\nbody"

    private func parse(_ text: String, isComplete: Bool) throws -> HTTPResponse? {
        try HTTPResponse(parsing: Array(text.utf8), isComplete: isComplete)
    }

    @Test func aWholeResponseIsReadAtOnce() throws {
        let response = try parse(Self.whole, isComplete: false)
        #expect(response?.status == 200)
        #expect(response?.body == Array("body".utf8))
    }

    @Test func aPartOfAResponseNeedsMoreBytes() throws {
        for count in 0..<Self.whole.utf8.count {
            #expect(try parse(String(decoding: Self.whole.utf8.prefix(count), as: UTF8.self), isComplete: false) == nil)
        }
    }

    @Test func bytesBehindTheBodyAreIgnored() throws {
        #expect(try parse(Self.whole + "more", isComplete: false)?.body == Array("body".utf8))
    }

    @Test func withoutALengthTheBodyLastsUntilTheEnd() throws {
        let text = "HTTP/1.0 503 Service Unavailable\r\n\r\nwait"
        #expect(try parse(text, isComplete: false) == nil)
        #expect(try parse(text, isComplete: true)?.status == 503)
        #expect(try parse(text, isComplete: true)?.body == Array("wait".utf8))
    }

    @Test func whatIsNoResponseIsRefused() {
        #expect(throws: HTTPResponse.ParsingError.truncated) { try parse("", isComplete: true) }
        #expect(throws: HTTPResponse.ParsingError.malformed) { try parse("SSH-2.0-x\r\n", isComplete: true) }
        #expect(throws: HTTPResponse.ParsingError.malformed) { try parse("SSH-2.0 200\r\n\r\n", isComplete: false) }
        #expect(throws: HTTPResponse.ParsingError.truncated) {
            try parse(String(Self.whole.dropLast()), isComplete: true)
        }
        #expect(throws: HTTPResponse.ParsingError.malformed) {
            try parse("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", isComplete: true)
        }
        #expect(throws: HTTPResponse.ParsingError.transferCoding) {
            try parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", isComplete: false)
        }
    }
}

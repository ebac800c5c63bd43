import EchoService
import QUICEndpoint
import QUICServer
import QUICTesting
import Testing

/// Bodies that are made as they are sent, and the requests for them, over both protocols.
@Suite struct FetchTests {
    private func pair(seed: UInt64) throws -> Pair {
        try Pair(seed: seed, services: [HQInteropService()], clientProtocols: ["hq-interop"])
    }

    /// What a client receives that sends `request` and ends its half.
    private func answer(to request: [UInt8], _ pair: Pair, within patience: Duration = .seconds(30)) throws
        -> RecordingClient.Received
    {
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(request, on: connection)
        pair.run(for: patience) { pair.recorder.received(on: connection, stream).isComplete }
        return pair.recorder.received(on: connection, stream)
    }

    /// Lines of 64 characters that shift from line to line, over and over after 64 KiB.
    private func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { position in
            let (line, column) = ((position % 65_536) / 64, position % 64)
            return column == 63 ? UInt8(ascii: "\n") : UInt8(ascii: "a") + UInt8((column + line) % 26)
        }
    }

    @Test(arguments: [0, 1, 64, 65_535, 65_536, 200_000])
    func anAnswerIsThePatternOfTheLengthAskedFor(count: Int) throws {
        let received = try answer(to: Array("GET /\(count)\r\n".utf8), pair(seed: 1))
        #expect(received.isComplete)
        #expect(received.bytes.count == count)
        // An expectation of two long arrays would look for their differences for minutes.
        let isPattern = received.bytes == pattern(count)
        #expect(isPattern)
    }

    @Test(arguments: [
        "GET /1073741825\n", "GET /9999999999999\n", "POST /5\n", "GET 5\n", "GET /\n", "GET /5 HTTP/1.0\n",
        "GET /00000000000000000000000000005",
    ])
    func aRequestThatIsNotUnderstoodIsReset(request: String) throws {
        let received = try answer(to: Array(request.utf8), pair(seed: 2), within: .milliseconds(50))
        #expect(received.bytes.count == 0)
        #expect(received.resetCode == HQInteropService.badRequestCode)
    }

    @Test func aRequestThatNeverEndsIsResetAfter32Bytes() throws {
        let pair = try pair(seed: 3)
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream()
        let piece = [UInt8](repeating: UInt8(ascii: "G"), count: 8)
        for number in 1...5 {
            try stream.write(piece)
            pair.client.touch(connection)
            pair.run(for: .milliseconds(50))
            let code = pair.recorder.received(on: connection, stream.id).resetCode
            #expect(code == (number < 5 ? nil : HQInteropService.badRequestCode))
        }
    }

    @Test func aRequestIsAnsweredOnce() throws {
        let pair = try pair(seed: 4)
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try connection.openStream()
        for piece in ["GET /5\n", "GET /7\n", "and so on"] {
            try stream.write(Array(piece.utf8))
            pair.client.touch(connection)
            pair.run(for: .milliseconds(50))
        }
        stream.finish()
        pair.client.touch(connection)
        pair.run(for: .milliseconds(50))
        #expect(pair.recorder.received(on: connection, stream.id) == .init(bytes: pattern(5), isComplete: true))
    }
}

/// The small part of HTTP/3 that fetches bodies.
@Suite struct HTTP3FetchTests {
    /// A HEADERS frame with one field line: a literal value for `:path`, entry 1 of the static table. RFC 9204 §4.5.4.
    private func request(_ value: [UInt8], isHuffmanCoded: Bool) -> [UInt8] {
        let line = [0x51, UInt8(value.count) | (isHuffmanCoded ? 0x80 : 0)] + value
        return [0x01, UInt8(2 + line.count), 0, 0] + line
    }

    /// RFC 7541 Appendix B: 0 to 2 have five bits, 3 to 9 and the slash six; the padding is ones.
    private func huffmanCode(_ path: String) -> [UInt8] {
        var bits = path.utf8.map { character in
            switch character {
            case UInt8(ascii: "/"): "011000"
            case UInt8(ascii: "0")...UInt8(ascii: "2"): "000" + ["00", "01", "10"][Int(character) - 48]
            default: "0" + String(0x19 + Int(character) - 51, radix: 2)
            }
        }.joined()
        while !bits.count.isMultiple(of: 8) { bits += "1" }
        return stride(from: 0, to: bits.count, by: 8).compactMap { UInt8(bits.dropFirst($0).prefix(8), radix: 2) }
    }

    private func answer(to request: [UInt8]) throws -> RecordingClient.Received {
        let pair = try Pair(seed: 5, services: [HTTP3FetchService()], clientProtocols: ["h3"])
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send(request, on: connection)
        pair.run(for: .milliseconds(100)) { pair.recorder.received(on: connection, stream).isComplete }
        return pair.recorder.received(on: connection, stream)
    }

    // RFC 9114 §4.1: a HEADERS frame with the status, then a DATA frame.
    @Test(arguments: [0, 7, 123, 4_560, 9_876], [false, true])
    func anAnswerHasAStatusAndAsManyBytesAsItsPathSays(count: Int, isHuffmanCoded: Bool) throws {
        let path = "/\(count)"
        let value = isHuffmanCoded ? huffmanCode(path) : Array(path.utf8)
        let received = try answer(to: request(value, isHuffmanCoded: isHuffmanCoded))
        #expect(received.isComplete)
        // RFC 9204 Appendix A: `:status 200` is entry 25 of the static table.
        #expect(received.bytes.starts(with: [0x01, 0x03, 0x00, 0x00, 0xc0 | 25, 0x00]))
        let length = received.bytes.dropFirst(6).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(length == UInt64(count) | 0xc000_0000_0000_0000)
        #expect(received.bytes.count == 14 + count)
    }

    // RFC 9114 §8.1: H3_REQUEST_REJECTED.
    @Test(arguments: ["/", "/one", "5", "/1073741825"])
    func anotherPathIsRejected(path: String) throws {
        #expect(try answer(to: request(Array(path.utf8), isHuffmanCoded: false)).resetCode == 0x010b)
    }
}

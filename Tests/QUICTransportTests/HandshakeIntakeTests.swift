import Testing

@testable import QUICTransport

@Suite struct HandshakeIntakeTests {
    private static let limit = TransportConfiguration.clientHelloBytesLimit

    /// A message of `count` bytes, with its header. RFC 8446 §4.
    private func message(of count: Int, type: UInt8 = 1) -> [UInt8] {
        let length = count - 4
        return [type, UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
            + [UInt8](repeating: 0xff, count: length)
    }

    /// Admits `bytes` in pieces of `pieceBytes`; the first refusal, and how many bytes came before it.
    private func refusal(
        of bytes: [UInt8],
        inPiecesOf pieceBytes: Int,
        bytesLimit: Int = TransportConfiguration.handshakeCryptoBytesLimit
    ) -> (refusal: HandshakeIntake.Refusal, admittedBytes: Int)? {
        var intake = HandshakeIntake()
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = Array(bytes[start..<min(bytes.count, start + pieceBytes)])
            if let refusal = unsafe intake.admit(piece.span.bytes, bytesLimit: bytesLimit) { return (refusal, start) }
        }
        return nil
    }

    @Test(arguments: [1, 2, 3, 5, 1_000, 20_000])
    func theLongestMessagesPass(pieceBytes: Int) {
        // A ClientHello, another one after a HelloRetryRequest, and Finished.
        let honest = message(of: Self.limit) + message(of: Self.limit) + message(of: 52)
        #expect(refusal(of: honest, inPiecesOf: pieceBytes) == nil)
    }

    @Test(arguments: [1, 2, 3, 5, 1_000, 20_000])
    func aMessageThatIsAByteLongerIsRefusedAtItsHeader(pieceBytes: Int) {
        let first = refusal(of: message(of: Self.limit + 1), inPiecesOf: pieceBytes)
        #expect(first?.refusal == .messageTooLong)
        #expect(first.map { $0.admittedBytes < 4 } == true)
        let second = refusal(of: message(of: 300) + message(of: Self.limit + 1), inPiecesOf: pieceBytes)
        #expect(second?.refusal == .messageTooLong)
        #expect(second.map { $0.admittedBytes <= 304 } == true)
    }

    @Test func aMessageOfTheGreatestLengthIsRefused() {
        #expect(refusal(of: [1, 0xff, 0xff, 0xff], inPiecesOf: 4)?.refusal == .messageTooLong)
    }

    // RFC 8446 §4.4.2: a client's certificates, where the server has asked for some.
    @Test func theLongestCertificatesPassWhereTheyAreAskedFor() {
        var configuration = TransportConfiguration()
        let messages = [1, 1, 11].map { message(of: Self.limit, type: $0) }.flatMap(\.self) + message(of: 600)
        #expect(refusal(of: messages, inPiecesOf: 1_000, bytesLimit: configuration.handshakeCryptoBytesLimit) != nil)
        configuration.asksForCertificates = true
        #expect(refusal(of: messages, inPiecesOf: 1_000, bytesLimit: configuration.handshakeCryptoBytesLimit) == nil)
    }

    // RFC 8879 §4: compressed certificates are for peers that offer to decompress them.
    @Test(arguments: [1, 3, 1_000])
    func compressedCertificatesAreRefusedAtTheirHeader(pieceBytes: Int) {
        let refused = refusal(of: message(of: 300) + message(of: 200, type: 25), inPiecesOf: pieceBytes)
        #expect(refused?.refusal == .unexpectedMessage)
        #expect(refused.map { $0.admittedBytes <= 304 } == true)
    }

    @Test func messagesWithoutEndAreRefused() {
        let endless = (0..<1_000).flatMap { _ in message(of: 100) }
        let refused = refusal(of: endless, inPiecesOf: 100)
        #expect(refused?.refusal == .tooManyBytes)
        #expect(refused.map { $0.admittedBytes <= TransportConfiguration.handshakeCryptoBytesLimit } == true)
    }
}

import Datagrams
import Testing

@testable import LoadEngine

@Suite struct DelayLineTests {
    private static let path = NetworkPath(
        local: SocketAddress(ipv4: 127, 0, 0, 1, port: 1),
        remote: SocketAddress(ipv4: 127, 0, 0, 1, port: 2)
    )

    private static func moment(_ milliseconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func eachDatagramArrivesAfterTheDelayAndInOrder() {
        var line = DelayLine(delay: .milliseconds(100))
        for number in UInt8(0)..<50 {
            line.append([number], path: Self.path, ecn: .notCapable, at: Self.moment(UInt64(number) * 10))
        }
        var arrived: [UInt8] = []
        for milliseconds in UInt64(0)..<600 {
            while let datagram = line.takeDue(at: Self.moment(milliseconds)) {
                #expect(milliseconds == 100 + UInt64(datagram.bytes[0]) * 10)
                arrived += datagram.bytes
            }
        }
        #expect(arrived == Array(0..<50))
    }

    @Test func withoutADelayWhatComesIsThere() {
        var line = DelayLine(delay: .zero)
        line.append([7], path: Self.path, ecn: .notCapable, at: Self.moment(5))
        #expect(line.takeDue(at: Self.moment(5))?.bytes == [7])
        #expect(line.takeDue(at: Self.moment(5)) == nil)
    }
}

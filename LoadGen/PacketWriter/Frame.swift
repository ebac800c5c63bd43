/// Frames by hand: nothing is checked, so that they may say what no library would. RFC 9000 §19.
package enum Frame {
    /// RFC 9000 §19.2.
    package static let ping: [UInt8] = [0x01]

    /// Packets with consecutive numbers, in one range. RFC 9000 §19.3.
    package static func acknowledgement(_ numbers: ClosedRange<UInt64>) -> [UInt8] {
        acknowledgement([numbers])
    }

    /// Packets in ranges, the latest first, with at least one number that is not acknowledged between two of them. RFC 9000 §19.3.
    ///
    /// - Precondition: `ranges` is not empty.
    package static func acknowledgement(_ ranges: [ClosedRange<UInt64>]) -> [UInt8] {
        let first = ranges[0]
        var frame = [0x02] + varint(first.upperBound) + varint(0) + varint(UInt64(ranges.count - 1))
        frame += varint(first.upperBound - first.lowerBound)
        for (newer, older) in zip(ranges, ranges.dropFirst()) {
            // RFC 9000 §19.3.1: the gap is one less than the number of packets that are not acknowledged.
            frame += varint(newer.lowerBound - older.upperBound - 2) + varint(older.upperBound - older.lowerBound)
        }
        return frame
    }

    /// RFC 9000 §19.4.
    package static func resetStream(_ id: UInt64, code: UInt64 = 0, finalSize: UInt64) -> [UInt8] {
        [0x04] + varint(id) + varint(code) + varint(finalSize)
    }

    /// RFC 9000 §19.5.
    package static func stopSending(_ id: UInt64, code: UInt64 = 0) -> [UInt8] {
        [0x05] + varint(id) + varint(code)
    }

    /// RFC 9000 §19.6.
    package static func crypto(offset: UInt64 = 0, _ bytes: [UInt8]) -> [UInt8] {
        [0x06] + varint(offset) + varint(UInt64(bytes.count)) + bytes
    }

    /// RFC 9000 §19.8.
    package static func stream(_ id: UInt64, offset: UInt64 = 0, _ bytes: [UInt8] = [], isFinal: Bool = false)
        -> [UInt8]
    {
        [0x0e | (isFinal ? 1 : 0)] + varint(id) + varint(offset) + varint(UInt64(bytes.count)) + bytes
    }

    /// RFC 9000 §19.9.
    package static func maximumData(_ count: UInt64) -> [UInt8] {
        [0x10] + varint(count)
    }

    /// RFC 9000 §19.10.
    package static func maximumStreamData(_ id: UInt64, _ count: UInt64) -> [UInt8] {
        [0x11] + varint(id) + varint(count)
    }

    /// RFC 9000 §19.15.
    package static func newConnectionID(
        _ number: UInt64,
        retiringBefore: UInt64 = 0,
        _ id: [UInt8],
        token: [UInt8]
    ) -> [UInt8] {
        [0x18] + varint(number) + varint(retiringBefore) + [UInt8(id.count)] + id + token
    }

    /// RFC 9000 §19.16.
    package static func retireConnectionID(_ number: UInt64) -> [UInt8] {
        [0x19] + varint(number)
    }

    /// Eight bytes of data. RFC 9000 §19.17.
    package static func pathChallenge(_ data: [UInt8]) -> [UInt8] { [0x1a] + data }

    /// Eight bytes of data. RFC 9000 §19.18.
    package static func pathResponse(_ data: [UInt8]) -> [UInt8] { [0x1b] + data }

    /// With a length. RFC 9221 §4.
    package static func datagram(_ bytes: [UInt8]) -> [UInt8] {
        [0x31] + varint(UInt64(bytes.count)) + bytes
    }

    /// A transport error; 0x100 and an alert for one of TLS. RFC 9000 §19.19, §20.1.
    package static func connectionClose(_ error: UInt64) -> [UInt8] {
        [0x1c] + varint(error) + varint(0) + varint(0)
    }
}

import CNgtcp2
import QUICPackets
import Testing

@testable import QUICTLS

/// The keys that the RFCs derive from a secret. RFC 9001 §A.5, RFC 9369 §A.5.
@Suite struct KeyScheduleTests {
    private static let secret = bytes("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")

    private func expand(_ label: KeySchedule.Label, _ version: QUICVersion, count: Int) throws -> [UInt8] {
        // ngtcp2's helper has the number of GnuTLS's algorithm for a handle.
        let number = UInt(GNUTLS_DIG_SHA256.rawValue)
        let hash = unsafe ngtcp2_crypto_md(native_handle: UnsafeMutableRawPointer(bitPattern: number))
        let schedule = unsafe KeySchedule(version: version, hash: hash)
        var output = [UInt8](repeating: 0, count: count)
        let isDone = unsafe Self.secret.withUnsafeBufferPointer { secret in
            unsafe output.withUnsafeMutableBufferPointer { unsafe schedule.expand(secret, label, into: $0) }
        }
        try #require(isDone)
        return output
    }

    @Test func version1HasItsLabels() throws {
        #expect(
            try expand(.key, .v1, count: 32)
                == bytes("c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8")
        )
        #expect(try expand(.iv, .v1, count: 12) == bytes("e0459b3474bdd0e44a41c144"))
        #expect(
            try expand(.headerProtection, .v1, count: 32)
                == bytes("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4")
        )
        #expect(
            try expand(.update, .v1, count: 32)
                == bytes("1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9")
        )
    }

    @Test func version2HasItsLabels() throws {
        #expect(
            try expand(.key, .v2, count: 32)
                == bytes("3bfcddd72bcf02541d7fa0dd1f5f9eeea817e09a6963a0e6c7df0f9a1bab90f2")
        )
        #expect(try expand(.iv, .v2, count: 12) == bytes("a6b5bc6ab7dafce30ffff5dd"))
        #expect(
            try expand(.headerProtection, .v2, count: 32)
                == bytes("d659760d2ba434a226fd37b35c69e2da8211d10c4f12538787d65645d5d1b8e2")
        )
        #expect(
            try expand(.update, .v2, count: 32)
                == bytes("c69374c49e3d2a9466fa689e49d476db5d0dfbc87d32ceeaa6343fd0ae4c7d88")
        )
    }
}

/// The bytes that `digits`, two hexadecimal ones each, stand for.
func bytes(_ digits: String) -> [UInt8] {
    let values = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: values.count - 1, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
}

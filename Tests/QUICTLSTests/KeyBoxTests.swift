import CNgtcp2
import Testing

@testable import QUICTLS

/// Keys and the ciphers that are made of them.
@Suite struct KeyBoxTests {
    /// A packet of the RFCs, under a cipher suite's keys.
    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let aead: gnutls_cipher_algorithm_t
        let headerCipher: gnutls_cipher_algorithm_t
        let key: [UInt8]
        let headerKey: [UInt8]
        let nonce: [UInt8]
        let header: [UInt8]
        let payload: [UInt8]
        let sealed: [UInt8]
        let sample: [UInt8]
        let mask: [UInt8]

        static let all = [
            Sample(
                testDescription: "RFC 9001 §A.5",
                aead: GNUTLS_CIPHER_CHACHA20_POLY1305,
                headerCipher: GNUTLS_CIPHER_CHACHA20_32,
                key: bytes("c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8"),
                headerKey: bytes("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4"),
                nonce: bytes("e0459b3474bdd0e46d417eb0"),
                header: bytes("4200bff4"),
                payload: [1],
                sealed: bytes("655e5cd55c41f69080575d7999c25a5bfb"),
                sample: bytes("5e5cd55c41f69080575d7999c25a5bfb"),
                mask: bytes("aefefe7d03")
            ),
            // The Retry of RFC 9001 §A.4 is sealed with AES-128-GCM, and the sample is of §A.3.
            Sample(
                testDescription: "RFC 9001 §A.3 and §A.4",
                aead: GNUTLS_CIPHER_AES_128_GCM,
                headerCipher: GNUTLS_CIPHER_AES_128_CBC,
                key: bytes("be0c690b9f66575a1d766b54e368c84e"),
                headerKey: bytes("c206b8d9b9f0f37644430b490eeaa314"),
                nonce: bytes("461599d35d632bf2239825bb"),
                header: bytes("088394c8f03e515708ff000000010008f067a5502a4262b5746f6b656e"),
                payload: [],
                sealed: bytes("04a265ba2eff4d829058fb3f0f2496ba"),
                sample: bytes("2cd0991cd25b0aac406a5816b6394100"),
                mask: bytes("2ec0d8356a")
            ),
        ]
    }

    /// A taken box in memory of its own.
    @safe
    private final class OwnBox {
        let box: KeyBox
        private let place: UnsafeMutableRawPointer
        private let byteCount: Int

        init(key: [UInt8]) {
            byteCount = KeyBox.byteCount(keyBytes: key.count)
            unsafe place = .allocate(byteCount: byteCount, alignment: MemoryLayout<UInt>.alignment)
            unsafe place.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            unsafe box = KeyBox(at: place)
            box.take(keyBytes: key.count)
            _ = unsafe box.key.update(fromContentsOf: key)
        }

        deinit {
            unsafe place.deallocate()
        }

        var bytes: [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: place, count: byteCount)) }
    }

    private func callbacks() -> ngtcp2_callbacks {
        var callbacks = ngtcp2_callbacks()
        unsafe withUnsafeMutablePointer(to: &callbacks) { unsafe PacketProtection.install(in: $0) }
        return callbacks
    }

    private func number(_ algorithm: gnutls_cipher_algorithm_t) -> UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(bitPattern: UInt(algorithm.rawValue))
    }

    /// Seals the payload of `sample`; nil where that fails.
    private func seal(_ sample: Sample, with box: KeyBox) -> [UInt8]? {
        var aead = unsafe ngtcp2_crypto_aead(native_handle: number(sample.aead), max_overhead: 16)
        var context = unsafe ngtcp2_crypto_aead_ctx(native_handle: box.handle)
        var sealed = [UInt8](repeating: 0, count: sample.payload.count + 16)
        let status = unsafe callbacks().encrypt(
            &sealed,
            &aead,
            &context,
            sample.payload,
            sample.payload.count,
            sample.nonce,
            sample.nonce.count,
            sample.header,
            sample.header.count
        )
        return status == 0 ? sealed : nil
    }

    /// Opens `sealed`.
    private func open(_ sealed: [UInt8], of sample: Sample, with box: KeyBox) -> (status: Int32, payload: [UInt8]) {
        var aead = unsafe ngtcp2_crypto_aead(native_handle: number(sample.aead), max_overhead: 16)
        var context = unsafe ngtcp2_crypto_aead_ctx(native_handle: box.handle)
        var payload = [UInt8](repeating: 0, count: sealed.count)
        let status = unsafe callbacks().decrypt(
            &payload,
            &aead,
            &context,
            sealed,
            sealed.count,
            sample.nonce,
            sample.nonce.count,
            sample.header,
            sample.header.count
        )
        return (status, Array(payload.prefix(max(0, sealed.count - 16))))
    }

    private func mask(_ sample: Sample, with box: KeyBox) -> [UInt8] {
        var cipher = unsafe ngtcp2_crypto_cipher(native_handle: number(sample.headerCipher))
        var context = unsafe ngtcp2_crypto_cipher_ctx(native_handle: box.handle)
        var mask = [UInt8](repeating: 0, count: 5)
        let status = unsafe callbacks().hp_mask(&mask, &cipher, &context, sample.sample)
        return status == 0 ? mask : []
    }

    @Test(arguments: Sample.all)
    func aPacketIsProtectedTheSameByABoxThatWasClosed(_ sample: Sample) {
        let payload = OwnBox(key: sample.key)
        let header = OwnBox(key: sample.headerKey)
        for round in 0..<3 {
            #expect(!payload.box.isOpen && !header.box.isOpen)
            #expect(seal(sample, with: payload.box) == sample.sealed, "round \(round)")
            #expect(mask(sample, with: header.box) == sample.mask, "round \(round)")
            #expect(payload.box.isOpen && header.box.isOpen)
            #expect(open(sample.sealed, of: sample, with: payload.box) == (0, sample.payload))
            payload.box.close(.payload)
            header.box.close(.header)
        }
        #expect(open(sample.sealed, of: sample, with: payload.box) == (0, sample.payload))
        payload.box.clear(.payload)
        header.box.clear(.header)
    }

    @Test(arguments: Sample.all)
    func aForgedPacketIsRefused(_ sample: Sample) {
        let own = OwnBox(key: sample.key)
        for index in sample.sealed.indices {
            var forged = sample.sealed
            forged[index] ^= 1
            #expect(open(forged, of: sample, with: own.box).status == NGTCP2_ERR_DECRYPT)
        }
        for count in 0..<16 {
            let status = open(Array(sample.sealed.prefix(count)), of: sample, with: own.box).status
            #expect(status == NGTCP2_ERR_DECRYPT, "\(count) bytes")
        }
        own.box.clear(.payload)
    }

    @Test(arguments: Sample.all)
    func nothingOfAKeyStaysInABoxThatWasCleared(_ sample: Sample) {
        for isUsed in [false, true] {
            let own = OwnBox(key: sample.key)
            #expect(own.bytes.suffix(sample.key.count) == sample.key)
            if isUsed { #expect(seal(sample, with: own.box) != nil) }
            own.box.clear(.payload)
            #expect(own.bytes.allSatisfy { $0 == 0 })
            #expect(own.box.isEmpty)
        }
    }

    @Test func aCipherThatGnuTLSDoesNotMakeFailsThePacket() {
        let sample = Sample.all[0]
        let own = OwnBox(key: Array(sample.key.prefix(16)))
        #expect(seal(sample, with: own.box) == nil)
        #expect(open(sample.sealed, of: sample, with: own.box).status == NGTCP2_ERR_CALLBACK_FAILURE)
        #expect(mask(sample, with: own.box).isEmpty)
        #expect(!own.box.isOpen)
        own.box.clear(.payload)
    }
}

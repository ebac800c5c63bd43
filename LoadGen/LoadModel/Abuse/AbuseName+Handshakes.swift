extension AbuseName {
    /// Attacks of clients that never complete their handshakes.
    var handshakeScenario: AbuseScenario? {
        switch self {
        case .initialFlood:
            scenario(
                "opens connections from hundreds of addresses and ports, and says nothing more",
                "QFAM (arXiv 2412.08936), picoquic #1194, RFC 9000 §21.3",
                stoppedBy: "Retry from 100 handshakes a worker on; `handshakeTimeout`",
                AbuseExpectation(
                    ends: Self.handshakeEnds,
                    signs: ["admissions.retry", "admissions.refuse_handshakes", "admissions.refuse_connections"],
                    holding: .handshake,
                    release: .handshakeTimeout,
                    replyFactorLimit: 3
                )
            )
        case .halfOpen:
            scenario(
                "sends half a ClientHello and waits for ever",
                "ngtcp2 sets no timer of its own here",
                stoppedBy: "`handshakeTimeout`",
                AbuseExpectation(
                    ends: ["handshake_timeout"],
                    holding: .handshake,
                    release: .handshakeTimeout,
                    replyFactorLimit: 3
                )
            )
        case .cryptoSpray:
            scenario(
                "sends CRYPTO frames of a byte 8 KiB apart, each of which pins a chunk of 8 KiB",
                "quiche CVE-2024-1765, lsquic CVE-2025-54939",
                stoppedBy: "`handshakeBytesLimit`, in the allocator",
                AbuseExpectation(ends: ["budget_exceeded"], holding: .handshake, replyFactorLimit: 3)
            )
        case .oversizedClientHello:
            scenario(
                "announces a ClientHello of 60 KB and sends it piece by piece",
                "GnuTLS accepts 60 KB",
                stoppedBy:
                    "8 KiB for a ClientHello, by the length in its header",
                AbuseExpectation(
                    ends: ["tls_alert"],
                    holding: .handshake,
                    release: .handshakeTimeout,
                    replyFactorLimit: 3
                )
            )
        case .connectionIDHashFlooding:
            scenario(
                "opens connections whose connection IDs differ in few bits, so that they fall together in a weak hash table",
                "picoquic CVE-2025-24946, lsquic CVE-2025-24947, kwik CVE-2025-23020",
                stoppedBy: "a table whose hash has a random key for each process",
                AbuseExpectation(
                    ends: Self.handshakeEnds,
                    signs: ["admissions.accept", "admissions.retry"],
                    holding: .handshake,
                    release: .handshakeTimeout,
                    replyFactorLimit: 3
                )
            )
        case .tokenReplay:
            scenario(
                "opens hundreds of connections with one token that it was given for a later connection",
                "RFC 9000 §8.1.4",
                stoppedBy: "a token counts once; with a spent one a client is like any without",
                AbuseExpectation(
                    ends: Self.handshakeEnds + ["peer_close"],
                    signs: ["address_tokens.spent"],
                    release: .handshakeTimeout
                )
            )
        case .tokenForgery:
            scenario(
                "opens connections with tokens it made up, of a Retry and of an earlier connection",
                "RFC 9000 §8.1.3",
                stoppedBy: "tokens are authenticated; a wrong one of a Retry closes with INVALID_TOKEN",
                AbuseExpectation(
                    ends: Self.handshakeEnds,
                    signs: ["admissions.reject_token"],
                    holding: .handshake,
                    release: .handshakeTimeout,
                    replyFactorLimit: 3
                )
            )
        default: nil
        }
    }

    /// How connections end that were accepted and not continued.
    private static let handshakeEnds = ["handshake_timeout", "address_validation"]
}

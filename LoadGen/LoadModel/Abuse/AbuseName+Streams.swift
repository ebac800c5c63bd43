extension AbuseName {
    /// Attacks of established clients by way of their streams and CRYPTO frames.
    var streamScenario: AbuseScenario? {
        switch self {
        case .postHandshakeCrypto:
            scenario(
                "sends CRYPTO frames after its handshake, for which nobody waits any more",
                "ngtcp2 has no limit, GnuTLS keeps every byte",
                stoppedBy: "the first such byte closes",
                AbuseExpectation(ends: ["tls_alert"])
            )
        case .streamGaps:
            scenario(
                "sends every other byte of a stream, in frames of one byte",
                "quinn GHSA-4w2j-m93h-cj5j, neqo #3798, quicly #278",
                stoppedBy: "`connectionBytesLimit`, in the allocator",
                AbuseExpectation(ends: ["budget_exceeded"])
            )
        case .outOfOrderEveryStream:
            scenario(
                "sends one byte out of order on each stream, and PINGs for ever",
                "10.4 KB in ngtcp2 for each byte",
                stoppedBy: "`noProgressTimeout`; bytes by `connectionBytesLimit`",
                AbuseExpectation(ends: ["no_progress"], release: .noProgressTimeout)
            )
        case .streamLimit:
            scenario(
                "opens a stream beyond the limit",
                "RFC 9000 §4.6",
                stoppedBy: "STREAM_LIMIT_ERROR",
                AbuseExpectation(ends: ["transport_error"])
            )
        case .skippedStreamIDs:
            scenario(
                "uses only the highest stream it may, again and again, so that all below it seem open",
                "picoquic #722",
                stoppedBy: "a stream is granted for one that was closed, never for one that was skipped",
                AbuseExpectation(ends: ["peer_close"])
            )
        case .halfClosedStreams:
            scenario(
                "refuses to read its streams, never ends them, and sends PINGs for ever",
                "CVE-2022-30591",
                stoppedBy: "`noProgressTimeout`",
                AbuseExpectation(ends: ["no_progress"], release: .noProgressTimeout)
            )
        case .trickle:
            scenario(
                "sends a byte a second for ever",
                "Slowloris, RFC 9000 §21.6",
                stoppedBy: "`minimumProgressBytes` in `noProgressTimeout`",
                AbuseExpectation(ends: ["no_progress"], release: .noProgressTimeout)
            )
        case .zeroWindowReader:
            scenario(
                "fills the window of the connection with messages, and grants no credit for their echo",
                "RFC 9000 §21.6",
                stoppedBy: "`connectionWindow`; `noProgressTimeout`",
                AbuseExpectation(ends: ["no_progress"], release: .noProgressTimeout)
            )
        default: nil
        }
    }
}

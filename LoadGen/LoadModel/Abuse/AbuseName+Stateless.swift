extension AbuseName {
    /// Attacks with datagrams that belong to no connection.
    var statelessScenario: AbuseScenario {
        switch self {
        case .hugeDatagrams:
            scenario(
                "sends datagrams of up to 9,000 bytes to its connection",
                "ngtcp2's buffer grows to the largest and stays",
                stoppedBy: "1,500 bytes, and receive buffers of 2 KiB",
                AbuseExpectation(ends: ["peer_close"], signs: ["drops.oversized", "sockets.truncated"])
            )
        case .zeroLengthDatagrams:
            scenario(
                "sends datagrams without a byte",
                "curl CVE-2026-11352",
                stoppedBy: "they are dropped and count for the share of a turn",
                AbuseExpectation(signs: ["drops.empty"], holding: .nothing, replyFactorLimit: 0)
            )
        case .versionNegotiationFlood:
            scenario(
                "sends first packets of unknown versions",
                "RFC 9000 §6, §21.1",
                stoppedBy: "`statelessRepliesPerSecond`; the answer is smaller than the question",
                AbuseExpectation(
                    signs: ["version_negotiations", "drops.rate_limited"],
                    holding: .nothing,
                    replyFactorLimit: 1
                )
            )
        case .statelessResetProbing:
            scenario(
                "sends packets to connection IDs that nobody has, in every size",
                "RFC 9000 §10.3.3, §21.11",
                stoppedBy: "a stateless reset is smaller than what it answers; `statelessRepliesPerSecond`",
                AbuseExpectation(
                    signs: ["stateless_resets", "drops.rate_limited"],
                    holding: .nothing,
                    replyFactorLimit: 1
                )
            )
        default:
            scenario(
                "sends what looks like a server's answers, from the ports of services that answer everything",
                "RFC 9000 §21.5, quinn's `min_reset_interval`",
                stoppedBy: "nothing is answered to such ports, nor anything that looks like an answer",
                AbuseExpectation(
                    signs: ["drops.blocked_port"],
                    holding: .nothing,
                    replyFactorLimit: 1
                )
            )
        }
    }
}

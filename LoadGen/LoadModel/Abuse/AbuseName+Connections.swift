extension AbuseName {
    /// Attacks of established clients by way of acknowledgements, connection IDs, paths and keys.
    var connectionScenario: AbuseScenario? {
        switch self {
        case .withheldAcks:
            scenario(
                "acknowledges nothing, and keeps itself alive with PINGs",
                "ngtcp2 doubles its probes' interval without end",
                stoppedBy: "`acknowledgementTimeout`",
                AbuseExpectation(ends: ["acknowledgement_silence"], release: .acknowledgementTimeout)
            )
        case .optimisticAck:
            scenario(
                "acknowledges packets that were never sent",
                "quiche CVE-2025-4820 and -4821, RFC 9000 §21.4",
                stoppedBy: "PROTOCOL_VIOLATION; what is sent and not yet acknowledged is bounded by the echo's window",
                AbuseExpectation(ends: ["transport_error"])
            )
        case .ackRanges:
            scenario(
                "leaves gaps in its packet numbers, and acknowledges in as many ranges as fit",
                "RFC 9000 §13.2.3",
                stoppedBy: "ngtcp2 keeps 32 ranges, and 256 gaps; `uselessPacketsPerSecond`",
                AbuseExpectation(ends: ["peer_close", "useless_packets"])
            )
        case .newConnectionIDStuffing:
            scenario(
                "issues more connection IDs than the server will keep",
                "quic-go CVE-2024-22189, quiche CVE-2024-1410",
                stoppedBy: "CONNECTION_ID_LIMIT_ERROR",
                AbuseExpectation(ends: ["transport_error"])
            )
        case .retireConnectionIDChurn:
            scenario(
                "retires each connection ID as soon as it has another",
                "neqo #3797",
                stoppedBy: "at most 10 IDs lead to a connection",
                AbuseExpectation(ends: ["peer_close", "transport_error", "useless_packets"])
            )
        case .pathChallengeFlood:
            scenario(
                "sends packets full of PATH_CHALLENGE frames",
                "quic-go CVE-2023-49295, quiche CVE-2023-6193",
                stoppedBy: "ngtcp2 keeps the latest four; `connectionBytesLimit` for the answers under way",
                AbuseExpectation(ends: ["peer_close", "budget_exceeded", "useless_packets"])
            )
        case .portHopping:
            scenario(
                "sends each packet from another port",
                "quiche 439795b0",
                stoppedBy: "while one change of address is under way, only addresses never seen before are followed",
                // Its CONNECTION_CLOSE comes from one of those ports as well, and may be dropped.
                AbuseExpectation(
                    ends: ["peer_close", "idle_timeout"],
                    signs: ["drops.other_path"],
                    release: .idleTimeout
                )
            )
        case .pathChurn:
            scenario(
                "changes its address with nearly every packet, uses up connection IDs, and answers some challenges",
                "an assertion of ngtcp2 1.11 (ngtcp2_conn.c:9140)",
                stoppedBy: "datagrams that ngtcp2 may not survive are dropped while one change of address is under way",
                AbuseExpectation(
                    ends: [
                        "transport_error", "idle_timeout", "acknowledgement_silence", "useless_packets",
                        "stateless_reset",
                    ],
                    signs: ["drops.other_path"],
                    release: .idleTimeout
                )
            )
        case .spoofedMigration:
            scenario(
                "sends packets of its connection from another's address",
                "RFC 9000 §9.3.2",
                stoppedBy: "three times as much for a new address as came from it, until it is validated",
                AbuseExpectation(ends: ["peer_close"], signs: ["drops.other_path"])
            )
        case .frameFlood:
            scenario(
                "sends packets full of PING, MAX_DATA, RESET_STREAM and STOP_SENDING frames",
                "HTTP/2 rapid reset (CVE-2023-44487)",
                stoppedBy: "32 datagrams a turn and 64 that wait, for each connection; `uselessPacketsPerSecond`",
                AbuseExpectation(ends: ["peer_close", "useless_packets"])
            )
        case .keyUpdateFlood:
            scenario(
                "updates its keys with every packet",
                "RFC 9001 §6.1, §6.6",
                stoppedBy:
                    "packets that come too early for their keys are not read; then `idleTimeout` or `acknowledgementTimeout`",
                AbuseExpectation(
                    ends: [
                        "transport_error", "peer_close", "idle_timeout", "acknowledgement_silence", "useless_packets",
                    ],
                    release: .idleTimeout
                )
            )
        case .undecryptable:
            scenario(
                "sends packets to its connection that nobody can decrypt",
                "RFC 9001 §6.6",
                stoppedBy: "they are dropped, and no buffer grows",
                AbuseExpectation(ends: ["peer_close"])
            )
        case .closeStorm:
            scenario(
                "completes handshakes, closes at once, and goes on sending to what it closed",
                "RFC 9000 §10.2",
                stoppedBy: "closing records of 350 bytes, bounded in number and bytes",
                AbuseExpectation(ends: ["peer_close"], signs: ["drops.closing"])
            )
        default: nil
        }
    }
}

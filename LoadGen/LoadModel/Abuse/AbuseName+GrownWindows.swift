extension AbuseName {
    /// Attacks of clients that were fast and honest until their windows had grown.
    var grownWindowScenario: AbuseScenario? {
        switch self {
        case .grownWindowGaps:
            scenario(
                "lets its window grow to the largest, then sends all of it out of order and without every other packet",
                "RFC 9000 §2.2, §21.6",
                stoppedBy: "5,000 gaps a stream, in ngtcp2; with fewer, `noProgressTimeout`",
                AbuseExpectation(
                    ends: ["transport_error", "no_progress"],
                    holding: .grownConnection,
                    release: .noProgressTimeout
                )
            )
        case .grownWindowGapsEveryStream:
            scenario(
                "does the same on all of its streams at once",
                "RFC 9000 §2.2, §21.6",
                stoppedBy: "`noProgressTimeout`",
                AbuseExpectation(ends: ["no_progress"], holding: .grownConnection, release: .noProgressTimeout)
            )
        case .grownWindowCrumbs:
            scenario(
                "lets its window grow to the largest, then sends single bytes on all streams, each of which pins a chunk of 8 KiB or is a gap more",
                "quinn GHSA-4w2j-m93h-cj5j, RFC 9000 §21.6",
                stoppedBy:
                    "`connectionBytesLimit`, in the allocator; 5,000 gaps a stream, in ngtcp2; with fewer, `noProgressTimeout`",
                AbuseExpectation(
                    ends: ["no_progress", "budget_exceeded"],
                    holding: .grownConnection,
                    release: .noProgressTimeout
                )
            )
        case .grownWindowReordered:
            scenario(
                "is no attacker: it lets its window grow to the largest, and all of it arrives in the wrong order, the last packet first",
                "RFC 9000 §2.2",
                stoppedBy: "nothing: it must not be ended, and gets every byte back",
                AbuseExpectation(ends: ["peer_close"], holding: .grownConnection)
            )
        case .grownZeroWindowReader:
            scenario(
                "grants 16 MiB, lets its window grow to the largest, then grants no more and fills all that it may",
                "RFC 9000 §21.6",
                stoppedBy: "`connectionWindow`; `noProgressTimeout`",
                AbuseExpectation(ends: ["no_progress"], holding: .grownConnection, release: .noProgressTimeout)
            )
        case .grownWithheldAcks:
            scenario(
                "lets the server's congestion window grow, then acknowledges nothing, fills all that it may, and sends PINGs",
                "ngtcp2 doubles its probes' interval without end",
                stoppedBy: "`connectionBytesLimit`; `acknowledgementTimeout`",
                AbuseExpectation(
                    ends: ["acknowledgement_silence"],
                    holding: .grownConnection,
                    release: .acknowledgementTimeout
                )
            )
        default: nil
        }
    }
}

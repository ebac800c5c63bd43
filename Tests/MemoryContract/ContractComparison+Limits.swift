internal import BoundedMemory

/// What may not be exceeded, in the document or in the measurement.
extension ContractComparison {
    mutating func addLimits() {
        addHandshakeLimits()
        addConnectionLimits()
        addRecordLimits()
        addTotalLimits()
        addReturnLimits()
        addResidentLimits()
    }

    private mutating func addHandshakeLimits() {
        let caps = measured.caps
        limit(.halfOpen, "handshake_bytes", caps.handshakeBytes) {
            $0.maximum(of: [.transport, .rings], \.peakBytesMaximum)
        }
        limit(.halfOpen, "handshake_tls_bytes", caps.handshakeTLSBytes) { $0.maximum(of: [.tls], \.peakBytesMaximum) }
    }

    private mutating func addConnectionLimits() {
        let caps = measured.caps
        for state in ContractState.allCases where state.isEstablished {
            limit(state, "connection_bytes", caps.connectionBytes) {
                $0.maximum(of: [.transport, .rings], \.peakBytesMaximum)
            }
            limit(state, "overhead_bytes", caps.overheadBytes) { $0.maximum(of: [.tls, .table], \.liveBytesMaximum) }
        }
        for state in [ContractState.establishedIdle, .echoAcknowledged] {
            limit(state, "idle_transport_bytes", caps.idleTransportBytes) {
                $0.maximum(of: [.transport], \.liveBytesMaximum)
            }
        }
        add(
            "states.sixteen_streams_open within caps.stream_bytes",
            committed.bytesOfAFurtherStream,
            measured.bytesOfAFurtherStream,
            .atMost(caps.streamBytes)
        )
    }

    private mutating func addRecordLimits() {
        for state in [ContractState.closing, .draining] {
            limit(state, "closing_record_bytes", measured.caps.closingRecordBytes) {
                $0.maximum(of: [.closing], \.liveBytesMaximum)
            }
        }
    }

    private mutating func addTotalLimits() {
        for state in ContractState.allCases {
            limit(state, "connection_cost_bytes", measured.caps.connectionCostBytes) { $0.total.peakBytesMaximum }
        }
        let gone = (committed[.gone]?.total, measured[.gone]?.total)
        add("states.gone is empty: bytes", gone.0?.liveBytesMaximum, gone.1?.liveBytesMaximum, .atMost(0))
        add("states.gone is empty: blocks", gone.0?.liveBlocks, gone.1?.liveBlocks, .atMost(0))
    }

    private mutating func addReturnLimits() {
        for theirs in measured.returnTimes {
            let ours = committed.returnTimes.first { $0.cause == theirs.cause }
            let name = "return_times.\(theirs.cause)"
            add("\(name).milliseconds_limit", ours?.millisecondsLimit, theirs.millisecondsLimit, .within(0))
            add(
                "\(name) within milliseconds_limit",
                ours?.millisecondsMaximum,
                theirs.millisecondsMaximum,
                .atMost(theirs.millisecondsLimit)
            )
        }
    }

    private mutating func addResidentLimits() {
        guard let theirs = measured.resident else { return }
        for (state, bytes) in ResidentFigures.bytesLimits {
            let (our, their) = (committed.resident?[state], theirs[state])
            let name = "resident.\(state.rawValue)"
            add("\(name).resident_bytes_limit", our?.residentBytesLimit, their?.residentBytesLimit, .within(0))
            add("\(name) within resident_bytes_limit", our?.residentBytes, their?.residentBytes, .atMost(bytes))
        }
    }

    private mutating func limit(
        _ state: ContractState,
        _ cap: String,
        _ bytes: Int,
        _ value: (StateFigures) -> Int
    ) {
        add(
            "states.\(state.rawValue) within caps.\(cap)",
            committed[state].map(value),
            measured[state].map(value),
            .atMost(bytes)
        )
    }
}

extension ContractDocument {
    /// What each stream after the first adds to an established connection's transport.
    fileprivate var bytesOfAFurtherStream: Int? {
        guard let one = self[.streamOpen]?[.transport], let all = self[.sixteenStreamsOpen]?[.transport]
        else { return nil }
        return (all.liveBytesMaximum - one.liveBytesMinimum) / 15
    }
}

public import QUICTransport

// For connections with early data, which open before their handshakes are complete.
extension QUICConnection {
    /// Waits until the handshake is complete: from then on nothing that arrives is a replay, and nothing that is sent can be rejected.
    ///
    /// A server has not seen the early data that it rejected. A client sends it again on the same streams by itself; a stream is reset instead where the server has chosen another application protocol, or allows fewer streams.
    ///
    /// - Returns: The outcome of early data; nil when the connection has ended before that, or the task is cancelled.
    public func completedHandshake() async -> EarlyDataState? {
        let ticket = takeTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let known = outcome(or: (ticket, continuation)) { continuation.resume(returning: known) }
            }
        } onCancel: {
            cancelHandshakeWatcher(ticket)
        }
    }

    /// The handshake of a connection with early data is complete, on the worker's thread.
    func completeHandshake(_ earlyData: EarlyDataState, isResumed: Bool) {
        settleHandshake((earlyData, isResumed))
    }
}

import LoadModel

/// What one worker measured, and what it is left with.
struct WorkerResult: Sendable {
    var outcomes = OutcomeCounts()
    var handshake = LatencyRecorder()
    var handshakeFromStart = LatencyRecorder()
    var firstAnswer = LatencyRecorder()
    var echo = LatencyRecorder()
    var startDelay = LatencyRecorder()
    var traffic = TrafficCounts()
    var elapsed = Duration.zero
    /// What it used and what is left of it; what is counted for the whole process is 0.
    var usage = GeneratorUsage()

    /// Adds everything to the result of the run.
    func add(to result: inout LoadResult) {
        result.outcomes.add(outcomes)
        result.handshake.add(handshake)
        result.handshakeFromStart.add(handshakeFromStart)
        result.firstAnswer.add(firstAnswer)
        result.echo.add(echo)
        result.startDelay.add(startDelay)
        result.traffic.add(traffic)
        result.elapsed = max(result.elapsed, elapsed)
        let generator = result.generator
        result.generator.busiestWorkerShare = max(generator.busiestWorkerShare, usage.busiestWorkerShare)
        result.generator.lateStarts += usage.lateStarts
        result.generator.receiveOverflows += usage.receiveOverflows
        result.generator.sendOverflows += usage.sendOverflows
        result.generator.sendErrors += usage.sendErrors
        result.generator.heldBytes += usage.heldBytes
        result.generator.liveConnections += usage.liveConnections
        result.generator.liveEntries += usage.liveEntries
    }
}

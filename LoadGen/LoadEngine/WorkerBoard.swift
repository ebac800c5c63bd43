import LoadModel
import Synchronization

/// Where one worker stands, for the thread that watches all of them.
struct WorkerCounts {
    var scheduled = 0
    var dialing = 0
    var open = 0
    var closing = 0
    var established = 0
    var answers = 0
    var completed = 0
    var failed = 0

    static func += (sum: inout WorkerCounts, other: WorkerCounts) {
        sum.scheduled += other.scheduled
        sum.dialing += other.dialing
        sum.open += other.open
        sum.closing += other.closing
        sum.established += other.established
        sum.answers += other.answers
        sum.completed += other.completed
        sum.failed += other.failed
    }
}

/// What one worker shows of itself while it works.
///
/// Owns: two histograms, 288 KiB. Released by: `deinit`.
final class WorkerBoard: Sendable {
    private struct Contents {
        var counts = WorkerCounts()
        var handshake = LatencyRecorder()
        var echo = LatencyRecorder()
    }

    private let contents = Mutex(Contents())

    var counts: WorkerCounts { contents.withLock { $0.counts } }

    /// Shows where the worker stands, and takes over the latencies it recorded since the last time.
    func publish(_ counts: WorkerCounts, handshake: inout LatencyRecorder, echo: inout LatencyRecorder) {
        contents.withLock { contents in
            contents.counts = counts
            Self.move(&handshake, to: &contents.handshake)
            Self.move(&echo, to: &contents.echo)
        }
    }

    /// Adds the latencies that were taken over to those given, and forgets them.
    func takeLatencies(handshake: inout LatencyRecorder, echo: inout LatencyRecorder) {
        contents.withLock { contents in
            Self.move(&contents.handshake, to: &handshake)
            Self.move(&contents.echo, to: &echo)
        }
    }

    private static func move(_ source: inout LatencyRecorder, to destination: inout LatencyRecorder) {
        guard source.count > 0 else { return }
        destination.add(source)
        source.removeAll()
    }
}

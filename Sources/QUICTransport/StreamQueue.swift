/// Streams with something to send, the most urgent first, and those of one urgency in the order they take turns. Linked through the
/// streams: no memory of its own.
@safe
struct StreamQueue {
    private(set) var first: Stream?
    /// The end of the chain, whose links keep it.
    private var last: Unmanaged<Stream>?

    var isEmpty: Bool { first == nil }

    /// The first stream, without a reference of its own: the queue keeps it until it is removed.
    var firstUnretained: Unmanaged<Stream>? { unsafe first.map { unsafe .passUnretained($0) } }

    /// Puts `stream` behind those that are as urgent, unless it waits already.
    ///
    /// - Complexity: O(1) where no less urgent one waits, else O(n) in those that are as urgent or more.
    mutating func append(_ stream: Stream) {
        guard !stream.isQueued else { return }
        stream.isQueued = true
        if let last = unsafe last {
            if unsafe last._withUnsafeGuaranteedRef({ $0.priority.urgency > stream.priority.urgency }) {
                return insert(stream)
            }
            unsafe last._withUnsafeGuaranteedRef { $0.nextQueued = stream }
        } else {
            first = stream
        }
        unsafe last = .passUnretained(stream)
    }

    /// Puts `stream` before the first one that is less urgent, which there is.
    private mutating func insert(_ stream: Stream) {
        guard var previous = first, previous.priority.urgency <= stream.priority.urgency else {
            stream.nextQueued = first
            first = stream
            return
        }
        while let next = previous.nextQueued, next.priority.urgency <= stream.priority.urgency { previous = next }
        stream.nextQueued = previous.nextQueued
        previous.nextQueued = stream
    }

    /// Takes the first stream out, and clears the link that kept the next one.
    mutating func removeFirst() {
        // Moved, so that no reference is counted.
        guard let stream = first.take() else { return }
        first = stream.nextQueued.take()
        if first == nil { unsafe last = nil }
        stream.isQueued = false
    }

    /// Moves the first stream behind the others of its urgency, if it shares with them.
    mutating func rotate() {
        guard let stream = first, stream.nextQueued != nil, stream.priority.isIncremental else { return }
        removeFirst()
        append(stream)
    }

    /// Puts `stream`, if it waits, where its priority wants it now.
    ///
    /// - Complexity: O(n).
    mutating func resort(_ stream: Stream) {
        guard stream.isQueued else { return }
        if first === stream {
            removeFirst()
        } else {
            var previous = first
            while let candidate = previous, candidate.nextQueued !== stream { previous = candidate.nextQueued }
            guard let previous else { preconditionFailure("a stream is queued that is in no queue") }
            previous.nextQueued = stream.nextQueued
            if stream.nextQueued == nil { unsafe last = .passUnretained(previous) }
            stream.nextQueued = nil
            stream.isQueued = false
        }
        append(stream)
    }

    /// Empties the queue one link at a time, so that a long one is not released recursively.
    mutating func removeAll() {
        while first != nil { removeFirst() }
    }
}

/// Streams with something to send, in the order they take turns. Linked through the streams: no memory of its own.
struct StreamQueue {
    private(set) var first: Stream?
    private var last: Stream?

    var isEmpty: Bool { first == nil }

    /// Appends `stream` unless it waits already.
    mutating func append(_ stream: Stream) {
        guard !stream.isQueued else { return }
        stream.isQueued = true
        if let last {
            last.nextQueued = stream
        } else {
            first = stream
        }
        last = stream
    }

    /// Takes the first stream out, and clears the link that kept the next one.
    mutating func removeFirst() {
        guard let stream = first else { return }
        first = stream.nextQueued
        if first == nil { last = nil }
        stream.nextQueued = nil
        stream.isQueued = false
    }

    /// Moves the first stream behind the others.
    mutating func rotate() {
        guard let stream = first, stream.nextQueued != nil else { return }
        removeFirst()
        append(stream)
    }

    /// Empties the queue one link at a time, so that a long one is not released recursively.
    mutating func removeAll() {
        while first != nil { removeFirst() }
    }
}

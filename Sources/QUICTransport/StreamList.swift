/// The open streams of a connection. Linked through the streams: no memory of its own.
///
/// The transport finds a stream by the pointer it keeps for it, so a search by number is for the application only.
struct StreamList {
    /// How many there are.
    private(set) var count = 0
    /// The stream opened last; the others follow through ``Stream/nextOpen``.
    private(set) var first: Stream?

    /// Adds a stream that is in no list.
    mutating func insert(_ stream: Stream) {
        stream.nextOpen = first
        first?.previousOpen = stream
        first = stream
        count += 1
    }

    /// Takes `stream` out, and returns it as the one reference that keeps it.
    mutating func remove(_ stream: Stream) -> Stream {
        let next = stream.nextOpen
        let previous = stream.previousOpen
        next?.previousOpen = previous
        let kept: Stream
        if let previous {
            kept = previous.nextOpen ?? stream
            previous.nextOpen = next
        } else {
            kept = first ?? stream
            first = next
        }
        stream.nextOpen = nil
        stream.previousOpen = nil
        count -= 1
        return kept
    }

    /// The stream numbered `id`.
    ///
    /// - Complexity: O(n).
    func find(_ id: StreamID) -> Stream? {
        var candidate = first
        while let stream = candidate, stream.id != id { candidate = stream.nextOpen }
        return candidate
    }

    /// Calls `body` with each stream; it must not open or close one.
    func forEach(_ body: (Stream) -> Void) {
        var next = first
        while let stream = next {
            body(stream)
            next = stream.nextOpen
        }
    }

    /// Whether `isWanted` is true of a stream.
    ///
    /// - Complexity: O(n).
    func contains(where isWanted: (Stream) -> Bool) -> Bool {
        var candidate = first
        while let stream = candidate, !isWanted(stream) { candidate = stream.nextOpen }
        return candidate != nil
    }

    /// Takes the first stream out, one at a time: a long list must not be released recursively.
    mutating func removeFirst() -> Stream? {
        first.map { remove($0) }
    }
}
